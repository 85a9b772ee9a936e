package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/paird/paird/cmd/internal/daemon"
	"github.com/paird/paird/config"
)

// configure is `paird config check|print`.
func (p *program) configure(_ context.Context, args []string) error {
	rest, err := p.parse(p.flags("config"), args, 1, 1)
	if err != nil {
		return err
	}
	if rest[0] != "check" && rest[0] != "print" {
		return usage("config takes check or print, not %q", rest[0])
	}
	if rest[0] == "print" {
		cfg, err := p.load()
		if err != nil {
			return err
		}
		return cfg.Print(p.stdout)
	}
	cfg, err := p.sound(p.sources().Ahead())
	if exposed, wrong := faulty(p.config, cfg.Exposed()).(faults); wrong {
		others, _ := errors.AsType[faults](err)
		err = slices.Concat(others, exposed)
	}
	if err != nil {
		return err
	}
	for _, warning := range slices.Concat(texts(cfg.Refused()), daemon.Warnings(cfg), daemon.Hints(cfg)) {
		fmt.Fprintln(p.stderr, "paird: warning:", warning)
	}
	_, err = fmt.Fprintln(p.stdout, p.config+": good")
	return err
}

// texts are problems with their files.
func texts(problems config.Problems) (lines []string) {
	for _, one := range problems {
		lines = append(lines, one.File+": "+one.Error())
	}
	return lines
}
