package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/paird/paird/agent/control"
)

// pair is `paird pair`: it asks the daemon to, and with --wait stays until the outcome.
func (p *program) pair(ctx context.Context, args []string) error {
	f := p.flags("pair")
	wait := f.Bool("wait", false, "wait until the request is approved or denied, or the code has expired")
	if _, err := p.parse(f, args, 0, 0); err != nil {
		return err
	}
	c, err := p.reach()
	if err != nil {
		return err
	}
	if !*wait {
		return withCode(c.Pair(ctx))
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	events, err := c.Events(ctx)
	if err != nil {
		return withCode(err)
	}
	if err := c.Pair(ctx); err != nil {
		return withCode(err)
	}
	return p.outcome(ctx, c, events)
}

// outcome follows the events until the code has one.
func (p *program) outcome(ctx context.Context, c *control.Client, events iter.Seq2[control.Event, error]) error {
	for e, err := range events {
		if err != nil {
			break
		}
		if done, err := p.pairingEvent(ctx, c, e); done {
			return err
		}
	}
	if ctx.Err() != nil {
		return errors.New("stopped waiting: the code stays good, `paird status` says how it ends")
	}
	return &exit{exitNoDaemon, errors.New("the daemon stopped while pairing: start it again, it goes on with the same code")}
}

// pairingEvent reports whether e ends the pairing, and how.
func (p *program) pairingEvent(ctx context.Context, c *control.Client, e control.Event) (done bool, err error) {
	var event struct{ Type string }
	if json.Unmarshal(e, &event) != nil {
		return false, nil // an event that cannot be read does not end the wait
	}
	switch event.Type {
	case "pairing", "paired":
		s, err := c.Status(ctx)
		if err != nil {
			s = control.Status{} // what follows says less, that is all
		}
		return event.Type == "paired", p.pairingNews(event.Type, s)
	case "denied":
		return true, &exit{exitDenied, errors.New("the request was denied: run `paird pair` to ask again")}
	case "expired":
		return true, errors.New("the code ran out before it was approved: run `paird pair` again")
	}
	return false, nil
}

func (p *program) pairingNews(kind string, s control.Status) error {
	text := ""
	switch {
	case kind == "paired" && s.Grant != nil && s.Grant.Name != "":
		text = fmt.Sprintf("Paired as %s.\n", s.Grant.Name)
	case kind == "paired":
		text = "Paired.\n"
	case s.Pairing != nil && s.Pairing.UserCode != "":
		p.showCode(*s.Pairing)
	}
	_, err := io.WriteString(p.stdout, text)
	return err
}
