package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/paird/paird/agent"
	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/daemon"
)

// reset is `paird reset`.
func (p *program) reset(ctx context.Context, args []string) error {
	f := p.flags("reset")
	yes := f.Bool("yes", false, "erase without asking")
	if _, err := p.parse(f, args, 0, 0); err != nil {
		return err
	}
	at, err := p.find()
	if err != nil {
		return err
	}
	if !*yes {
		if err := p.sure(); err != nil {
			return err
		}
	}
	if err := p.eraseAll(ctx, at, "reset"); err != nil {
		return err
	}
	if at.used() {
		if err := at.forget(); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(p.stdout, "Erased. Safe to give away.")
	return err
}

// eraseAll erases the account, and says what could not be revoked.
func (p *program) eraseAll(ctx context.Context, at holder, command string) error {
	r, err := p.erase(ctx, at)
	switch {
	case err != nil:
		return withCode(err)
	case !r.Erased:
		return fmt.Errorf("not everything could be erased: %s; see to it, then run `paird %s` again", oneLine(errors.New(r.Detail)), command)
	case r.Detail != "":
		fmt.Fprintln(p.stderr, "paird:", oneLine(errors.New(r.Detail)))
	}
	return nil
}

// forget removes what `paird login` left of its issuer and client.
func (at holder) forget() error { return os.Remove(daemon.LoginFile(at.cfg.Device.StateDir)) }

// sure asks on a terminal; elsewhere only --yes will do.
func (p *program) sure() error {
	if !terminal(p.stdin) {
		return usage("reset erases everything this device was given: give --yes where there is no terminal to ask on")
	}
	fmt.Fprint(p.stderr, "Revoke and erase everything this device was given? [y/N] ")
	line, _ := bufio.NewReader(p.stdin).ReadString('\n')
	answer := strings.TrimSpace(line)
	if !strings.EqualFold(answer, "y") && !strings.EqualFold(answer, "yes") {
		return errors.New("nothing was erased")
	}
	return nil
}

// erase asks the daemon to, or does it where none runs.
func (p *program) erase(ctx context.Context, at holder) (control.ResetResult, error) {
	if at.client != nil {
		r, err := at.client.Reset(ctx)
		if !errors.Is(err, control.ErrNotRunning) || at.cfg.Device.StateDir == "" {
			return r, err
		}
	}
	var r control.ResetResult
	err := p.alone(ctx, at.cfg, func(ctx context.Context, a *agent.Agent) (err error) {
		r, err = a.Reset(ctx)
		return err
	})
	return r, err
}
