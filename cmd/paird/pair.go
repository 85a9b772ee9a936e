package main

import (
	"context"
	"errors"
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
	status := func() control.Status {
		s, _ := c.Status(ctx) // without one what follows says less, that is all
		return s
	}
	return p.outcome(ctx, status, events)
}

// outcome follows the events until the code has one.
func (p *program) outcome(ctx context.Context, status func() control.Status, events iter.Seq2[control.Event, error]) error {
	known := map[string]bool{}
	look := func(s control.Status) error {
		if s.Pairing != nil {
			return nil
		}
		if err := p.explainOnce(s.Problem, known); err != nil { // the daemon goes on trying
			known[s.Problem.Detail] = true
			p.warn(err)
		}
		return nil
	}
	coming := make(chan []byte)
	go pass(ctx, events, coming)
	ended, err := p.stay(following{"pair", "", status, coming, look})
	switch {
	case !ended:
		return err
	case ctx.Err() != nil:
		return errors.New("stopped waiting: paird goes on, and `paird status` says how it ends")
	}
	return &exit{exitNoDaemon, errors.New("the daemon stopped while pairing: start it again, it goes on with the same code")}
}

// pass hands the events on until there are no more.
func pass(ctx context.Context, events iter.Seq2[control.Event, error], to chan<- []byte) {
	defer close(to)
	for e, err := range events {
		if err != nil {
			return
		}
		select {
		case to <- e:
		case <-ctx.Done():
			return
		}
	}
}
