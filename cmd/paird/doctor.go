package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// finding is what one check of `paird doctor` found.
type finding struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// doctor is `paird doctor`: each check says what it found, and what to do about it.
func (p *program) doctor(ctx context.Context, args []string) error {
	f := p.flags("doctor")
	asJSON := f.Bool("json", false, "print JSON")
	if _, err := p.parse(f, args, 0, 0); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	found := p.examine(ctx)
	failed := 0
	for _, one := range found {
		if !one.OK {
			failed++
		}
	}
	if err := p.printFindings(found, *asJSON); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d checks failed", failed, len(found))
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
		mark := map[bool]string{true: "ok  ", false: "FAIL"}[one.OK]
		_, err := fmt.Fprintf(p.stdout, "%s %-9s %s\n", mark, one.Check, one.Detail)
		all = errors.Join(all, err)
	}
	return all
}
