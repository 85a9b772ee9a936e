package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/paird/paird/agent/control"
)

// pair is `paird pair`: it asks the daemon to, and with --wait stays until the outcome.
func (p *program) pair(ctx context.Context, args []string) error {
	f := p.flags("pair")
	wait := f.Bool("wait", false, "stay until it is approved, denied or over")
	if _, err := p.parse(f, args, 0, 0); err != nil {
		return err
	}
	c, err := p.reach()
	if err != nil {
		return err
	}
	if !*wait {
		return told(c.Pair(ctx))
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	events, err := c.Events(ctx)
	if err != nil {
		return told(err)
	}
	if err := c.Pair(ctx); err != nil {
		return told(err)
	}
	return p.outcome(ctx, c, events)
}

// outcome follows the events until the code has one.
func (p *program) outcome(ctx context.Context, c *control.Client, events iter.Seq2[control.Event, error]) error {
	for e, err := range events {
		if err != nil {
			break
		}
		var event struct{ Type string }
		if json.Unmarshal(e, &event) != nil {
			continue
		}
		switch event.Type {
		case "pairing":
			if s, err := c.Status(ctx); err == nil && s.Pairing != nil && s.Pairing.UserCode != "" {
				fmt.Fprintf(p.stdout, "Enter %s at %s\n", s.Pairing.UserCode, s.Pairing.VerificationURI)
			}
		case "paired":
			_, err := fmt.Fprintln(p.stdout, "Paired.")
			return err
		case "denied":
			return &exit{exitDenied, errors.New("the request was denied")}
		case "expired":
			return errors.New("the code ran out: run paird pair again")
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &exit{exitNoDaemon, errors.New("paird stopped while pairing")}
}
