package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/paird/paird/agent"
	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/daemon"
	"github.com/paird/paird/config"
)

// holder is what holds the grant of this call: a daemon, or a state directory.
type holder struct {
	client *control.Client // nil where there can be no daemon
	cfg    config.Config   // of the state directory; without a StateDir there is none
	login  bool            // the directory of `paird login`
}

// find looks for --config, then the daemon's socket, then what `paird login` left.
func (p *program) find() (holder, error) {
	if !p.unconfigured() {
		cfg, err := p.load()
		if p.closed(cfg, err) {
			return holder{client: p.daemonOf(cfg)}, nil
		}
		return holder{client: control.NewClient(cfg.Control.Socket), cfg: cfg}, err
	}
	if p.listens() {
		return holder{client: control.NewClient(p.socket)}, nil
	}
	cfg, err := p.loggedIn()
	return holder{cfg: cfg, login: true}, err
}

// listens reports whether there is a daemon at the usual socket.
func (p *program) listens() bool {
	conn, err := net.DialTimeout("unix", p.socket, time.Second)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

// used reports whether the state directory is that of a login. A daemon alone opens its own.
func (at holder) used() bool {
	_, err := os.Stat(daemon.LoginFile(at.cfg.Device.StateDir))
	return err == nil && at.cfg.Device.StateDir != ""
}

// ask asks the daemon, or, where none runs, the agent of a login's state directory.
func (p *program) ask(ctx context.Context, client func(*control.Client) error, alone func(context.Context, *agent.Agent) error) error {
	at, err := p.find()
	if err != nil {
		return err
	}
	err = control.ErrNotRunning
	if at.client != nil {
		err = client(at.client)
	}
	if errors.Is(err, control.ErrNotRunning) {
		at = p.fallBack(at)
	}
	if errors.Is(err, control.ErrNotRunning) && at.used() {
		err = p.alone(ctx, at.cfg, alone)
	}
	if e, ok := errors.AsType[*control.Error](err); ok && e.Code == control.NotPaired && at.login {
		return &exit{exitNotPaired, errors.New("not signed in: run `paird login`")}
	}
	return withCode(err)
}

// fallBack is what `paird login` left, where no --config was given and no daemon runs.
func (p *program) fallBack(at holder) holder {
	if p.configGiven || at.used() {
		return at
	}
	cfg, err := p.loggedIn()
	if err != nil {
		return at
	}
	return holder{cfg: cfg, login: true}
}

// alone runs fn with the agent of a state directory that no daemon owns.
func (p *program) alone(ctx context.Context, cfg config.Config, fn func(context.Context, *agent.Agent) error) error {
	return daemon.Alone(ctx, cfg, quiet(), fn)
}

// quiet is for commands: what goes wrong is in their errors and in the status, and needs no log.
func quiet() daemon.Options {
	return daemon.Options{Version: version, Built: buildTime(), Probe: probe(), Log: slog.New(slog.DiscardHandler)}
}

// withCode gives an error of the daemon its exit code.
func withCode(err error) error {
	if errors.Is(err, control.ErrNotRunning) {
		return &exit{exitNoDaemon, fmt.Errorf("%w: start it with `systemctl start paird` or `paird run`", err)}
	}
	if e, ok := errors.AsType[*control.Error](err); ok {
		switch e.Code {
		case control.NotPaired:
			return &exit{exitNotPaired, err}
		case control.BadRequest, control.TooLarge:
			return &exit{exitUsage, err}
		}
	}
	return err
}

// reach is a client of the daemon of this configuration.
func (p *program) reach() (*control.Client, error) {
	cfg, err := p.load()
	if p.closed(cfg, err) || p.unconfigured() && p.listens() {
		return p.daemonOf(cfg), nil
	}
	if err != nil {
		return nil, err
	}
	return control.NewClient(cfg.Control.Socket), nil
}
