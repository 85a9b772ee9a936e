package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/paird/paird/cmd/internal/daemon"
	"github.com/paird/paird/config"
)

// account is what `paird login` signs in to; later commands find it again.
type account struct {
	text string // the configuration, where it is made of flags
	cfg  config.Config
}

// loginOf is the configuration of --config, or one made of the flags.
func (p *program) loginOf(issuer, clientID, scope string) (account, error) {
	switch {
	case issuer == "" && clientID == "" && !p.unconfigured():
		cfg, err := p.load()
		return account{cfg: cfg}, err
	case p.configGiven:
		return account{}, usage("login: give --config, or --issuer and --client-id, not both")
	case issuer == "" && clientID == "":
		return p.rememberedLogin(scope)
	case issuer == "" || clientID == "":
		return account{}, usage("login: --issuer and --client-id go together")
	}
	if scope == "" {
		scope = "openid offline_access"
	}
	return accountOf(issuer, clientID, strings.Fields(scope))
}

// rememberedLogin is the issuer and client of the last login, with other scopes if there are any.
func (p *program) rememberedLogin(scope string) (account, error) {
	cfg, err := p.loggedIn()
	if e, ok := errors.AsType[*exit](err); ok && e.code == exitNotPaired {
		return account{}, usage("login: there is no %s and no earlier login: give --issuer and --client-id", p.config)
	}
	if err != nil {
		return account{}, err
	}
	scopes := cfg.Auth.Scopes
	if scope != "" {
		scopes = strings.Fields(scope)
	}
	return accountOf(cfg.Auth.Issuer, cfg.Auth.ClientID, scopes)
}

// accountOf is the account of a client at an issuer, kept in the person's own folder.
func accountOf(issuer, clientID string, wanted []string) (account, error) {
	home, err := loginHome()
	if err != nil {
		return account{}, err
	}
	var scopes []string
	for _, s := range wanted {
		scopes = append(scopes, fmt.Sprintf("%q", s))
	}
	text := fmt.Sprintf("[device]\nstate_dir = %q\n[auth]\nissuer = %q\nclient_id = %q\nscopes = [%s]\n",
		home, issuer, clientID, strings.Join(scopes, ", "))
	cfg, err := config.Parse(strings.NewReader(text))
	err = cfg.Problems(err, daemon.Check(cfg))
	if problems, ok := errors.AsType[config.Problems](err); ok {
		for i := range problems {
			problems[i].Line = 0 // there is no file
		}
	}
	return account{text, cfg}, faulty("login", err)
}

// remember keeps the configuration of a login for later commands, once there is a grant.
func (a account) remember() error {
	if err := daemon.MarkLogin(a.cfg.Device.StateDir, a.text); err != nil {
		return fmt.Errorf("paired, but later commands will not find it: %w", err)
	}
	return nil
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

// loggedIn is the configuration that an earlier login left.
func (p *program) loggedIn() (config.Config, error) {
	home, err := loginHome()
	if err != nil {
		return config.Config{}, err
	}
	cfg, err := config.Load(daemon.LoginFile(home))
	if errors.Is(err, fs.ErrNotExist) {
		return cfg, &exit{exitNotPaired, fmt.Errorf("there is neither %s nor a login: run `paird login`, or give --config", p.config)}
	}
	return cfg, err
}
