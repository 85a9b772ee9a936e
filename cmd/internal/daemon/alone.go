package daemon

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/paird/paird/agent"
	"github.com/paird/paird/agent/store"
	"github.com/paird/paird/config"
	"github.com/paird/paird/hal"
)

// LoginFile marks a state directory whose grant came by `paird login`, until a daemon takes it over. Where
// the login was configured by flags alone it holds what they said.
func LoginFile(stateDir string) string { return filepath.Join(stateDir, loginFile) }

const loginFile = "login.toml"

// MarkLogin writes that file.
func MarkLogin(stateDir, text string) error {
	return store.WriteFile(stateDir, loginFile, []byte(text))
}

// Alone runs the agent of cfg without board, broker and socket, for as long as fn takes: what the
// command line needs where no daemon runs. One that does run owns the directory, and is named.
func Alone(ctx context.Context, cfg config.Config, o Options, fn func(context.Context, *agent.Agent) error) error {
	return alone(ctx, cfg, o, func(*store.Store) error { return nil }, fn)
}

// SignIn is Alone for a pairing of its own: no code is left over from the one before, or for the one after.
func SignIn(ctx context.Context, cfg config.Config, o Options, fn func(context.Context, *agent.Agent) error) error {
	forget := func(s *store.Store) error { return s.SavePending(nil) }
	return alone(ctx, cfg, o, forget, fn)
}

// alone does so with fn between two calls of around, which has the store for itself.
func alone(ctx context.Context, cfg config.Config, o Options, around func(*store.Store) error, fn func(context.Context, *agent.Agent) error) error {
	cfg.MQTT.URL, cfg.Hooks.OnEvent, cfg.Auth.Start = "", nil, "button"
	d := &device{cfg: cfg, o: o, who: Identify(cfg), board: &hal.Board{}}
	defer d.close()
	if err := d.openState(); errors.Is(err, store.ErrLocked) {
		return fmt.Errorf("a running paird owns %s: use `paird pair`, or stop it first", cfg.Device.StateDir)
	} else if err != nil {
		return err
	}
	if err := around(d.store); err != nil {
		return err
	}
	return errors.Join(d.serve(ctx, fn), around(d.store))
}

// serve runs the agent for as long as fn takes.
func (d *device) serve(ctx context.Context, fn func(context.Context, *agent.Agent) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer d.beside.Wait()
	defer stop()
	if err := d.makeAgent(ctx); err != nil {
		return err
	}
	d.beside.Go(func() { _ = d.agent.Run(ctx) })
	return fn(ctx, d.agent)
}
