package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/paird/paird/agent"
	"github.com/paird/paird/agent/control"
)

// token is `paird token [NAME]`.
func (p *program) token(ctx context.Context, args []string) error {
	f := p.flags("token")
	fresh := f.Bool("fresh", false, "refresh it first: for a token that an API has refused")
	rest, err := p.parse(f, args, 0, 1)
	if err != nil {
		return err
	}
	name := strings.Join(rest, "")
	var t control.Token
	err = p.ask(ctx, func(c *control.Client) (err error) {
		t, err = c.Token(ctx, name, time.Minute, *fresh)
		return err
	}, func(ctx context.Context, a *agent.Agent) (err error) {
		t, err = a.Token(ctx, name, time.Minute, *fresh)
		return err
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, t.AccessToken)
	return err
}
