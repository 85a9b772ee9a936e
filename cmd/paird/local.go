package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/paird/paird/agent/control"
)

// reach is a client of the daemon of this configuration.
func (p *program) reach() (*control.Client, error) {
	cfg, err := p.load()
	if err != nil {
		return nil, err
	}
	return control.NewClient(cfg.Control.Socket), nil
}

// told gives an error of the daemon its exit code.
func told(err error) error {
	if errors.Is(err, control.ErrNotRunning) {
		return &exit{exitNoDaemon, fmt.Errorf("%w: start it with `systemctl start paird` or `paird run`", err)}
	}
	if e, ok := errors.AsType[*control.Error](err); ok {
		switch e.Code {
		case control.NotPaired:
			return &exit{exitNotPaired, fmt.Errorf("%w: hold the button, or run `paird pair`", err)}
		case control.BadRequest, control.TooLarge:
			return &exit{exitUsage, err}
		}
	}
	return err
}

// status is `paird status`.
func (p *program) status(ctx context.Context, args []string) error {
	f := p.flags("status")
	asJSON := f.Bool("json", false, "as JSON")
	if _, err := p.parse(f, args, 0, 0); err != nil {
		return err
	}
	s, err := p.currentStatus(ctx)
	if err != nil {
		return err
	}
	if *asJSON {
		e := json.NewEncoder(p.stdout)
		e.SetIndent("", "  ")
		return e.Encode(s)
	}
	_, err = io.WriteString(p.stdout, summary(s))
	return err
}

func (p *program) currentStatus(ctx context.Context) (control.Status, error) {
	if p.unconfigured() {
		return p.loginStatus(ctx)
	}
	c, err := p.reach()
	if err != nil {
		return control.Status{}, err
	}
	s, err := c.Status(ctx)
	return s, told(err)
}

// summary is a status for a person.
func summary(s control.Status) string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-8s "+format+"\n", append([]any{name}, args...)...)
	}
	line("device", "%s (%s), paird %s", s.Device.Name, s.Device.ID, s.Version)
	line("state", "%s", s.State)
	if p := s.Pairing; p != nil && p.UserCode != "" {
		line("pairing", "enter %s at %s within %s", p.UserCode, p.VerificationURI, time.Duration(p.ExpiresIn)*time.Second)
	}
	if g := s.Grant; g != nil {
		line("account", "%s, tokens of %s", orNone(g.Name, "name not known"), g.Refreshed.Local().Format(time.DateTime))
	}
	if k := s.Broker; k != nil {
		line("broker", "%s %s %s", k.State, k.URL, k.Error)
	}
	if q := s.Queue; q != nil {
		line("queue", "%d messages, %d bytes, %d dropped", q.Messages, q.Bytes, q.Dropped)
	}
	if n := s.Panel; n != nil {
		line("panel", "%s %s %s", n.Driver, n.Size, orNone(n.Error, "good"))
	}
	line("clock", "%s", map[bool]string{true: "synchronised", false: "not synchronised"}[s.Clock.Synchronised])
	for _, p := range s.Problems {
		line("problem", "%s: %s", p.Code, p.Detail)
	}
	return b.String()
}

func orNone(s, none string) string {
	if s == "" {
		return none
	}
	return s
}

// token is `paird token [NAME]`.
func (p *program) token(ctx context.Context, args []string) error {
	rest, err := p.parse(p.flags("token"), args, 0, 1)
	if err != nil {
		return err
	}
	name := strings.Join(rest, "")
	if p.unconfigured() {
		return p.loginToken(ctx, name)
	}
	c, err := p.reach()
	if err != nil {
		return err
	}
	t, err := c.Token(ctx, name, time.Minute, false)
	if errors.Is(err, control.ErrNotRunning) { // paired by `paird login --config`, perhaps
		if cfg, e := p.load(); e == nil && dir(cfg.Device.StateDir) {
			return p.tokenAlone(ctx, cfg, name)
		}
	}
	if err != nil {
		return told(err)
	}
	_, err = fmt.Fprintln(p.stdout, t.AccessToken)
	return err
}

// publish is `paird publish TOPIC [PAYLOAD|-]`; without a payload or with - it is read from standard input.
func (p *program) publish(ctx context.Context, args []string) error {
	rest, err := p.parse(p.flags("publish"), args, 1, 2)
	if err != nil {
		return err
	}
	if err := control.ValidTopic(rest[0]); err != nil {
		return &exit{exitUsage, err}
	}
	var payload []byte
	if len(rest) == 2 && rest[1] != "-" {
		payload = []byte(rest[1])
	} else if payload, err = io.ReadAll(io.LimitReader(p.stdin, control.MaxPayload+1)); err != nil {
		return err
	}
	if len(payload) > control.MaxPayload {
		return usage("the payload is larger than 64 KiB: send it in parts")
	}
	c, err := p.reach()
	if err != nil {
		return err
	}
	return told(c.Publish(ctx, rest[0], payload))
}

// reset is `paird reset`.
func (p *program) reset(ctx context.Context, args []string) error {
	f := p.flags("reset")
	yes := f.Bool("yes", false, "do not ask")
	if _, err := p.parse(f, args, 0, 0); err != nil {
		return err
	}
	if !*yes {
		if err := p.sure(); err != nil {
			return err
		}
	}
	r, err := p.erase(ctx)
	if err != nil {
		return err
	}
	if r.Detail != "" {
		fmt.Fprintln(p.stderr, "paird:", r.Detail)
	}
	if !r.Erased {
		return errors.New("not everything could be erased: see above, then run paird reset again")
	}
	_, err = fmt.Fprintln(p.stdout, "Erased. Safe to give away.")
	return err
}

// sure asks on a terminal; elsewhere only --yes will do.
func (p *program) sure() error {
	if !terminal(p.stdin) {
		return usage("reset erases everything this device was given: say --yes where nobody can be asked")
	}
	fmt.Fprint(p.stderr, "Revoke and erase everything this device was given? [y/N] ")
	var answer string
	_, _ = fmt.Fscanln(p.stdin, &answer)
	if !strings.EqualFold(answer, "y") && !strings.EqualFold(answer, "yes") {
		return errors.New("nothing was erased")
	}
	return nil
}

// erase asks the daemon to, or does it where none runs.
func (p *program) erase(ctx context.Context) (control.ResetResult, error) {
	if p.unconfigured() {
		return p.loginReset(ctx)
	}
	cfg, err := p.load()
	if err != nil {
		return control.ResetResult{}, err
	}
	r, err := control.NewClient(cfg.Control.Socket).Reset(ctx)
	if errors.Is(err, control.ErrNotRunning) {
		return p.resetAlone(ctx, cfg)
	}
	return r, told(err)
}

// dir reports whether path is a folder.
func dir(path string) bool {
	i, err := os.Stat(path)
	return err == nil && i.IsDir()
}
