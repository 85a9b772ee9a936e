package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/paird/paird/agent"
	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/display"
)

// status is `paird status`.
func (p *program) status(ctx context.Context, args []string) error {
	f := p.flags("status")
	asJSON := f.Bool("json", false, "print JSON")
	if _, err := p.parse(f, args, 0, 0); err != nil {
		return err
	}
	var s control.Status
	err := p.ask(ctx, func(c *control.Client) (err error) {
		s, err = c.Status(ctx)
		return err
	}, func(ctx context.Context, a *agent.Agent) error {
		err := a.Loaded(ctx)
		if s = a.Status(); s.Problem != nil {
			return nil // it says why
		}
		return err
	})
	if err != nil {
		return err
	}
	if *asJSON {
		return p.printJSON(s)
	}
	_, err = io.WriteString(p.stdout, summary(s))
	return err
}

func (p *program) printJSON(v any) error {
	e := json.NewEncoder(p.stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // URIs are for people too
	return e.Encode(v)
}

// summary is a status for a person.
func summary(s control.Status) string {
	var b strings.Builder
	line := func(name string, words ...string) {
		text := strings.Join(strings.Fields(strings.Join(words, " ")), " ")
		fmt.Fprintf(&b, "%-8s %s\n", name, text)
	}
	line("device", s.Device.Name, "("+s.Device.ID+"), paird", s.Version)
	line("state", string(s.State))
	if p := s.Pairing; p != nil && p.UserCode != "" {
		left := time.Duration(p.ExpiresIn) * time.Second
		line("pairing", "enter", p.UserCode, "at", display.ASCIIURI(p.VerificationURI), "within", left.String())
	}
	if g := s.Grant; g != nil {
		line("account", orNone(g.Name, "name not known")+", tokens of", g.Refreshed.Local().Format(time.DateTime))
	}
	if k := s.Broker; k != nil {
		line("broker", k.State, k.URL, k.Error)
		if k.Oversized > 0 {
			line("", fmt.Sprintf("%d messages of it were too large and were dropped", k.Oversized))
		}
	}
	if q := s.Queue; q != nil {
		line("queue", fmt.Sprintf("%d messages, %d bytes, %d dropped", q.Messages, q.Bytes, q.Dropped))
	}
	if n := s.Panel; n != nil {
		line("panel", n.Driver, n.Size, orNone(n.Error, "good"))
	}
	line("clock", map[bool]string{true: "synchronised", false: "not synchronised"}[s.Clock.Synchronised])
	for _, p := range s.Problems {
		line("problem", string(p.Code)+":", p.Detail)
	}
	return b.String()
}

func orNone(s, none string) string {
	if s == "" {
		return none
	}
	return s
}
