package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/paird/paird/agent"
	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/daemon"
	"github.com/paird/paird/config"
	"github.com/paird/paird/display"
)

// login is `paird login`: the device flow in the foreground of a terminal.
func (p *program) login(ctx context.Context, args []string) error {
	f := p.flags("login")
	issuer := f.String("issuer", "", "the authorization server, in place of a configuration")
	clientID := f.String("client-id", "", "the OAuth client")
	scope := f.String("scope", "openid offline_access", "what to ask for")
	if _, err := p.parse(f, args, 0, 0); err != nil {
		return err
	}
	cfg, err := p.loginConfig(*issuer, *clientID, *scope)
	if err != nil {
		return err
	}
	return p.alone(ctx, cfg, p.signIn)
}

// loginConfig is the configuration of --config, or one made of the flags, which later commands find again.
func (p *program) loginConfig(issuer, clientID, scope string) (config.Config, error) {
	switch {
	case issuer == "" && clientID == "" && !p.unconfigured():
		return p.load()
	case p.configGiven:
		return config.Config{}, usage("give --config, or --issuer and --client-id, not both")
	case issuer == "" || clientID == "":
		return config.Config{}, usage("there is no %s: give --issuer and --client-id", p.config)
	}
	home, err := loginHome()
	if err != nil {
		return config.Config{}, err
	}
	var scopes []string
	for _, s := range strings.Fields(scope) {
		scopes = append(scopes, fmt.Sprintf("%q", s))
	}
	text := fmt.Sprintf("[device]\nstate_dir = %q\n[auth]\nissuer = %q\nclient_id = %q\nscopes = [%s]\n",
		home, issuer, clientID, strings.Join(scopes, ", "))
	cfg, err := config.Parse(strings.NewReader(text))
	if err != nil {
		return cfg, &exit{exitUsage, err}
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return cfg, err
	}
	return cfg, os.WriteFile(loginFile(home), []byte(text), 0o600)
}

// loginHome is where `paird login` keeps the grant of a person: $XDG_STATE_HOME/paird.
func loginHome() (string, error) {
	if d := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(d) {
		return filepath.Join(d, "paird"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no place for the tokens: %w; set XDG_STATE_HOME", err)
	}
	return filepath.Join(home, ".local", "state", "paird"), nil
}

func loginFile(home string) string { return filepath.Join(home, "login.toml") }

// alone runs fn with the agent of a state directory that no daemon owns. Its log says only what is wrong.
func (p *program) alone(ctx context.Context, cfg config.Config, fn func(context.Context, *agent.Agent) error) error {
	log := slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	return daemon.Alone(ctx, cfg, daemon.Options{Version: version, Built: buildTime(), Probe: probe(), Log: log}, fn)
}

// signIn pairs and tells how it goes.
func (p *program) signIn(ctx context.Context, a *agent.Agent) error {
	events := a.Events(ctx)
	if err := a.Pair(ctx); err != nil {
		return err
	}
	look := time.NewTicker(time.Second)
	defer look.Stop()
	var told string
	for {
		select {
		case <-ctx.Done():
			return errors.New("not paired: stopped")
		case <-look.C:
			told = p.tell(a.Status().Problem, told)
		case e, ok := <-events:
			if !ok {
				return errors.New("not paired: stopped")
			}
			if done, err := p.signedIn(a.Status(), e); done {
				return err
			}
		}
	}
}

// tell says what is wrong, once.
func (p *program) tell(problem *control.Problem, told string) string {
	if problem == nil || problem.Detail == told {
		return told
	}
	fmt.Fprintln(p.stderr, "paird:", problem.Detail)
	return problem.Detail
}

// signedIn reports whether e ends the login, and how.
func (p *program) signedIn(s control.Status, e control.Event) (done bool, err error) {
	var event struct{ Type string }
	if err := json.Unmarshal(e, &event); err != nil {
		return false, nil
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
		fmt.Fprintf(p.stdout, "Paired%s. `paird token` prints a fresh access token.\n", name)
		return true, nil
	case "denied":
		return true, &exit{exitDenied, errors.New("the request was denied")}
	case "expired":
		return true, errors.New("the code ran out: run paird login again")
	}
	return false, nil
}

func (p *program) showCode(c control.Pairing) {
	uri := c.VerificationURIComplete
	if uri == "" {
		uri = c.VerificationURI
	}
	if terminal(p.stdout) {
		fmt.Fprintln(p.stdout, display.TerminalQR(uri))
	}
	fmt.Fprintf(p.stdout, "Scan the code, or go to %s and enter\n\n    %s\n\nWaiting for you to approve, %v at most. Ctrl-C stops.\n",
		c.VerificationURI, c.UserCode, time.Duration(c.ExpiresIn)*time.Second)
}

// loggedIn is the configuration that an earlier login left.
func (p *program) loggedIn() (config.Config, error) {
	home, err := loginHome()
	if err != nil {
		return config.Config{}, err
	}
	cfg, err := config.Load(loginFile(home))
	if errors.Is(err, fs.ErrNotExist) {
		return cfg, &exit{exitNotPaired, fmt.Errorf("there is neither %s nor a login: run paird login, or give --config", p.config)}
	}
	return cfg, err
}

func (p *program) loginStatus(ctx context.Context) (s control.Status, err error) {
	cfg, err := p.loggedIn()
	if err != nil {
		return s, err
	}
	err = p.alone(ctx, cfg, func(ctx context.Context, a *agent.Agent) error {
		err := a.Loaded(ctx)
		s = a.Status()
		return err
	})
	return s, err
}

func (p *program) loginToken(ctx context.Context, name string) error {
	cfg, err := p.loggedIn()
	if err != nil {
		return err
	}
	return p.tokenAlone(ctx, cfg, name)
}

// tokenAlone prints a token of a state directory that no daemon owns.
func (p *program) tokenAlone(ctx context.Context, cfg config.Config, name string) error {
	return p.alone(ctx, cfg, func(ctx context.Context, a *agent.Agent) error {
		t, err := a.Token(ctx, name, time.Minute, false)
		if err != nil {
			return told(err)
		}
		_, err = fmt.Fprintln(p.stdout, t.AccessToken)
		return err
	})
}

func (p *program) loginReset(ctx context.Context) (control.ResetResult, error) {
	cfg, err := p.loggedIn()
	if err != nil {
		return control.ResetResult{}, err
	}
	r, err := p.resetAlone(ctx, cfg)
	if err == nil && r.Erased {
		err = os.Remove(loginFile(cfg.Device.StateDir))
	}
	return r, err
}

// resetAlone erases a state directory that no daemon owns.
func (p *program) resetAlone(ctx context.Context, cfg config.Config) (r control.ResetResult, err error) {
	err = p.alone(ctx, cfg, func(ctx context.Context, a *agent.Agent) error {
		r, err = a.Reset(ctx)
		return err
	})
	return r, err
}
