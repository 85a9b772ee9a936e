package daemon

import (
	"context"
	"errors"
	"fmt"

	"github.com/paird/paird/agent"
	"github.com/paird/paird/agent/store"
	"github.com/paird/paird/config"
	"github.com/paird/paird/hal"
)

// Alone runs the agent of cfg without board, broker and socket, for as long as fn takes: what the
// command line needs where no daemon runs. One that does run owns the directory, and is named.
func Alone(ctx context.Context, cfg config.Config, o Options, fn func(context.Context, *agent.Agent) error) error {
	return alone(ctx, cfg, o, func(*store.Store) error { return nil }, fn)
}

// SignIn is Alone for a pairing of its own: a code that an interrupted one left is forgotten.
func SignIn(ctx context.Context, cfg config.Config, o Options, fn func(context.Context, *agent.Agent) error) error {
	return alone(ctx, cfg, o, func(s *store.Store) error { return s.SavePending(nil) }, fn)
}

func alone(ctx context.Context, cfg config.Config, o Options, prepare func(*store.Store) error, fn func(context.Context, *agent.Agent) error) error {
	cfg.MQTT.URL, cfg.Hooks.OnEvent, cfg.Auth.Start = "", nil, "button"
	d := &device{cfg: cfg, o: o, who: Identify(cfg), board: &hal.Board{}}
	defer d.close()
	if err := d.openState(); errors.Is(err, store.ErrLocked) {
		return fmt.Errorf("a running paird owns %s: use `paird pair`, or stop it first", cfg.Device.StateDir)
	} else if err != nil {
		return err
	}
	if err := prepare(d.store); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer d.beside.Wait()
	defer stop()
	if err := d.makeAgent(ctx); err != nil {
		return err
	}
	d.beside.Go(func() { _ = d.agent.Run(ctx) })
	return fn(ctx, d.agent)
}
