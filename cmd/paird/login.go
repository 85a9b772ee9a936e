package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/paird/paird/agent"
	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/daemon"
	"github.com/paird/paird/display"
)

// login is `paird login`: the device flow in the foreground of a terminal.
func (p *program) login(ctx context.Context, args []string) error {
	f := p.flags("login")
	issuer := f.String("issuer", "", "the `URL` of the authorization server, in place of a configuration")
	clientID := f.String("client-id", "", "the OAuth client's `ID`")
	scope := f.String("scope", "openid offline_access", "the `SCOPES` to ask for")
	if _, err := p.parse(f, args, 0, 0); err != nil {
		return err
	}
	to, err := p.loginOf(*issuer, *clientID, *scope)
	if err != nil {
		return err
	}
	if err := daemon.SignIn(ctx, to.cfg, quiet(), p.signIn); err != nil {
		return err
	}
	return to.remember()
}

// signIn pairs and prints how it goes.
func (p *program) signIn(ctx context.Context, a *agent.Agent) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if err := a.Loaded(ctx); err != nil {
		return cmp.Or(troubled(a.Status()), err)
	}
	known := map[string]bool{}
	for _, problem := range a.Status().Problems {
		known[problem.Detail] = true // of the grant before: pairing is the cure
	}
	events := a.Events(ctx)
	if err := a.Pair(ctx); err != nil {
		return err
	}
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		var err error
		done := false
		select {
		case <-look.C:
			err = p.explainOnce(a.Status().Problem, known)
			done = err != nil
		case e, ok := <-events:
			if !ok {
				return errors.New("not paired: stopped before the request was approved")
			}
			done, err = p.signedIn(a.Status(), e)
		}
		if done {
			return err
		}
	}
}

// troubled is the problem of a status as an error, nil without one.
func troubled(s control.Status) error {
	if s.Problem == nil {
		return nil
	}
	return errors.New(s.Problem.Detail)
}

// explainOnce says what is wrong, once. What only a person can put right ends the login.
func (p *program) explainOnce(problem *control.Problem, known map[string]bool) error {
	switch {
	case problem == nil || known[problem.Detail] || problem.Code == "denied" || problem.Code == "expired":
		return nil
	case problem.Code == "config":
		return &exit{exitUsage, errors.New(problem.Detail)}
	}
	known[problem.Detail] = true
	fmt.Fprintln(p.stderr, "paird:", oneLine(errors.New(problem.Detail)))
	return nil
}

// signedIn reports whether e ends the login, and how.
func (p *program) signedIn(s control.Status, e control.Event) (done bool, err error) {
	var event struct{ Type string }
	if err := json.Unmarshal(e, &event); err != nil {
		return false, nil // events are ours: one that says nothing ends nothing
	}
	switch event.Type {
	case "pairing":
		if s.Pairing != nil {
			p.showCode(*s.Pairing)
		}
	case "paired":
		name := ""
		if s.Grant != nil && s.Grant.Name != "" {
			name = " as " + s.Grant.Name
		}
		_, err := fmt.Fprintf(p.stdout, "Paired%s. `paird token` prints a fresh access token.\n", name)
		return true, err
	case "denied":
		return true, &exit{exitDenied, errors.New("the request was denied: run `paird login` to ask again")}
	case "expired":
		return true, errors.New("the code ran out before it was approved: run `paird login` again")
	}
	return false, nil
}

func (p *program) showCode(c control.Pairing) {
	uri := display.ASCIIURI(c.VerificationURI)
	if terminal(p.stdout) {
		fmt.Fprintln(p.stdout, display.TerminalQR(cmp.Or(display.ASCIIURI(c.VerificationURIComplete), uri)))
	}
	fmt.Fprintf(p.stdout, "Open %s and enter\n\n    %s\n\nWaiting for you to approve, %v at most. Ctrl-C stops.\n",
		uri, c.UserCode, time.Duration(c.ExpiresIn)*time.Second)
}
