package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/paird/paird/agent"
	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/cmd/internal/daemon"
	"github.com/paird/paird/config"
)

// login is `paird login`: the device flow in the foreground of a terminal.
func (p *program) login(ctx context.Context, args []string) error {
	f := p.flags("login")
	issuer := f.String("issuer", "", "the `URL` of the authorization server, in place of a configuration")
	clientID := f.String("client-id", "", "the OAuth client's `ID`")
	scope := f.String("scope", "", "the `SCOPES` to ask for; without it openid and offline_access, or those of the last login")
	timeout := f.Duration("timeout", 2*time.Minute, "how long to try until the server gives a code")
	if _, err := p.parse(f, args, 0, 0); err != nil {
		return err
	}
	to, err := p.loginOf(*issuer, *clientID, *scope)
	if err != nil {
		return err
	}
	if err := permanent(ctx, to.cfg); err != nil {
		return err
	}
	if err := daemon.SignIn(ctx, to.cfg, quiet(), func(ctx context.Context, a *agent.Agent) error { return p.signIn(ctx, a, *timeout) }); err != nil {
		return err
	}
	return to.remember()
}

// logout is `paird logout`. Issuer and client stay: `paird login` alone signs in again.
func (p *program) logout(ctx context.Context, args []string) error {
	if _, err := p.parse(p.flags("logout"), args, 0, 0); err != nil {
		return err
	}
	at := holder{login: true}
	var err error
	if p.configGiven {
		at = holder{}
		at.cfg, err = p.load()
	} else {
		at.cfg, err = p.loggedIn()
	}
	switch {
	case err != nil:
		return err
	case !at.used():
		return &exit{exitNotPaired, errors.New("there is no login here: `paird reset` erases the account of a daemon")}
	}
	if err := p.eraseAll(ctx, at, "logout"); err != nil {
		return err
	}
	if !at.login {
		if err := at.forget(); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(p.stdout, "Signed out.")
	return err
}

// permanent is an error that another try does not end: a name that does not exist, a certificate that is refused, a server
// that is no authorization server. Anything else is for the agent to try again.
func permanent(ctx context.Context, cfg config.Config) error {
	_, err := metadata(ctx, cfg, daemon.Identify(cfg))
	e, ok := errors.AsType[*deviceauth.Error](err)
	if !ok {
		return err
	}
	if name, ok := errors.AsType[*net.DNSError](err); ok && name.IsNotFound {
		return fmt.Errorf("login: there is no host %s: correct the issuer", name.Name)
	}
	switch e.Kind {
	case deviceauth.TLS:
		return fmt.Errorf("login: %w", err)
	case deviceauth.Misconfigured:
		return &exit{exitUsage, err}
	}
	return nil
}

// signIn pairs and prints how it goes.
func (p *program) signIn(ctx context.Context, a *agent.Agent, timeout time.Duration) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if err := a.Loaded(ctx); err != nil {
		return cmp.Or(troubled(a.Status()), err)
	}
	before, known := map[string]bool{}, map[string]bool{}
	for _, problem := range a.Status().Problems { // of the grant before: pairing is the cure
		before[problem.Detail], known[problem.Detail] = true, true
	}
	until := time.Now().Add(timeout)
	look := func(s control.Status) error {
		s.Problem = cmp.Or(besides(s.Problems, before), s.Problem)
		return cmp.Or(p.explainOnce(s.Problem, known), noCode(s, time.Now().After(until), timeout))
	}
	login := following{"login", "`paird token` prints a fresh access token.", a.Status, a.Events(ctx), look}
	if err := a.Pair(ctx); err != nil {
		return err
	}
	ended, err := p.stay(login)
	if ended {
		return errors.New("not paired: stopped before the request was approved")
	}
	return err
}

// noCode ends a login whose server gave no code in time.
func noCode(s control.Status, over bool, timeout time.Duration) error {
	if !over || s.Pairing != nil {
		return nil
	}
	return fmt.Errorf("no code within %v: %s", timeout, oneLine(cmp.Or(troubled(s), errors.New("the server did not answer"))))
}

// besides is the first problem that is none of those before, nil if there is none.
func besides(problems []control.Problem, before map[string]bool) *control.Problem {
	for i, problem := range problems {
		if !before[problem.Detail] {
			return &problems[i]
		}
	}
	return nil
}

// troubled is the problem of a status as an error, nil without one.
func troubled(s control.Status) error {
	if s.Problem == nil {
		return nil
	}
	return errors.New(s.Problem.Detail)
}
