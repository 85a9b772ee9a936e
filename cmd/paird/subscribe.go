package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"time"

	"github.com/paird/paird/agent/control"
)

// subscribe is `paird subscribe [FILTER] [--exec PROGRAM]`. A message is acknowledged once its line is written or
// its program has ended well; until then the daemon keeps it, over restarts of both.
func (p *program) subscribe(ctx context.Context, args []string) error {
	f := p.flags("subscribe")
	run := f.String("exec", "", "run `PROGRAM` for each message, with the payload on standard input")
	rest, err := p.parse(f, args, 0, 1)
	if err != nil {
		return err
	}
	filter := "#"
	if len(rest) == 1 {
		filter = rest[0]
	}
	c, err := p.reach()
	if err != nil {
		return err
	}
	take := p.printMessage
	if *run != "" {
		take = func(ctx context.Context, m control.Message) error { return p.runFor(ctx, *run, m) }
	}
	messages, err := c.Messages(ctx, filter)
	for err == nil {
		if err := p.follow(ctx, c, messages, take); err != nil && ctx.Err() == nil {
			return err
		}
		messages, err = reconnect(ctx, c, filter)
	}
	if ctx.Err() != nil {
		return nil // Ctrl-C and SIGTERM are how it is meant to end
	}
	return withCode(err)
}

// follow takes messages until the stream breaks off, which is no error.
func (p *program) follow(ctx context.Context, c *control.Client, messages iter.Seq2[control.Message, error], take func(context.Context, control.Message) error) error {
	for m, err := range messages {
		if err != nil {
			return nil
		}
		if err := take(ctx, m); err != nil {
			return err
		}
		if err := c.Ack(ctx, m.Seq); err != nil {
			return nil // the message comes again
		}
	}
	return nil
}

// reconnect waits for a daemon that restarts. A refusal is final.
func reconnect(ctx context.Context, c *control.Client, filter string) (iter.Seq2[control.Message, error], error) {
	for {
		messages, err := c.Messages(ctx, filter)
		if refusal, ok := errors.AsType[*control.Error](err); err == nil || ok && refusal.Code != control.Busy {
			return messages, err
		}
		if err := pause(ctx, time.Second); err != nil {
			return nil, err
		}
	}
}

// printMessage writes a message on one line, as the API gives it.
func (p *program) printMessage(_ context.Context, m control.Message) error {
	if err := json.NewEncoder(p.stdout).Encode(m); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}

// longestRetry bounds the pause before a program that failed runs again.
const longestRetry = time.Minute

// runFor runs the program for one message, again and again until it ends well: later messages wait, so that they
// stay in order.
func (p *program) runFor(ctx context.Context, name string, m control.Message) error {
	for wait := time.Second; ; wait = min(2*wait, longestRetry) {
		cmd := exec.CommandContext(ctx, name)
		cmd.Env = append(os.Environ(), "PAIRD_TOPIC="+m.Topic, fmt.Sprintf("PAIRD_SEQ=%d", m.Seq))
		cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(m.Payload), p.stdout, p.stderr
		err := cmd.Run()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return errStopped
		case errors.Is(err, exec.ErrNotFound), errors.Is(err, os.ErrNotExist), errors.Is(err, os.ErrPermission):
			return fmt.Errorf("subscribe: %w: give the full path of a program", err)
		}
		fmt.Fprintf(p.stderr, "paird: message %d on %s: %s: %v; again in %v\n", m.Seq, m.Topic, name, err, wait)
		if pause(ctx, wait) != nil {
			return errStopped
		}
	}
}

// errStopped: the command was ended while a program ran; its message is not acknowledged.
var errStopped = errors.New("stopped")

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
