package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// result is how one check of `paird doctor` ended.
type result string

const (
	good    result = "ok"
	doubt   result = "warn"    // it works, and something may be missing
	failed  result = "fail"    // detail says what to do
	skipped result = "skipped" // it could not be looked at; detail says why
)

// passed is the result of a check that either holds or not.
func passed(ok bool) result {
	if ok {
		return good
	}
	return failed
}

// finding is what one check of `paird doctor` found.
type finding struct {
	Check  string `json:"check"`
	Result result `json:"result"`
	Detail string `json:"detail"`
}

// doctor is `paird doctor`: each check says what it found, and what to do about it.
func (p *program) doctor(ctx context.Context, args []string) error {
	f := p.flags("doctor")
	asJSON := f.Bool("json", false, "print JSON")
	file := f.String("bundle", "", "also write a report for a bug to `FILE`, without secrets; - is standard output")
	interactive := f.Bool("interactive", false, "also ask for a look at panel and LED, and for a press of the button")
	if _, err := p.parse(f, args, 0, 0); err != nil {
		return err
	}
	if *interactive && !terminal(p.stdin) {
		return usage("doctor: --interactive needs a terminal to ask on")
	}
	found := p.examine(ctx, *interactive)
	wrong := 0
	for _, one := range found {
		if one.Result == failed {
			wrong++
		}
	}
	if *file != "-" {
		if err := p.printFindings(found, *asJSON); err != nil {
			return err
		}
	}
	if *file != "" {
		if err := p.bundle(ctx, *file, found); err != nil {
			return fmt.Errorf("doctor: %w", err)
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d checks failed", wrong, len(found))
	}
	return nil
}

func (p *program) printFindings(found []finding, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(p.stdout)
		e.SetIndent("", "  ")
		return e.Encode(found)
	}
	var all error
	for _, one := range found {
		mark := map[result]string{good: "ok  ", doubt: "warn", failed: "FAIL", skipped: "skip"}[one.Result]
		_, err := fmt.Fprintf(p.stdout, "%s %-9s %s\n", mark, one.Check, one.Detail)
		all = errors.Join(all, err)
	}
	return all
}
