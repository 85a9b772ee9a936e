package daemon

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/paird/paird/config"
	"github.com/paird/paird/display"
	"github.com/paird/paird/hal"
)

// Look opens the board of cfg for a person who looks at it while no daemon runs: its panel shows the test card, its LED blinks.
// end turns both off and closes the board. Nothing on the disk is touched: doctor may be another user than the daemon.
func Look(ctx context.Context, cfg config.Config, o Options) (b *hal.Board, end func() error, err error) {
	hw := Hardware(cfg, Identify(cfg).Name, o.Terminal, o.Log)
	hw.More = o.Panels
	if b, err = hal.Open(ctx, hw); err != nil {
		return nil, nil, err
	}
	if fault := errors.Join(b.Fault, b.PinFault); fault != nil {
		return nil, nil, errors.Join(fault, b.Close())
	}
	ctx, stop := context.WithCancel(ctx)
	var beside sync.WaitGroup
	if b.Panel != nil {
		p := display.NewPresenter(b.Panel, Geometry(cfg, b), display.PresenterOptions{Log: o.Log})
		p.Show(display.TestCard{Panel: b.Driver, Version: o.Version})
		beside.Go(func() { _ = p.Run(ctx) })
	}
	if b.LED != nil {
		beside.Go(func() { blink(ctx, b.LED) })
	}
	return b, func() error {
		stop()
		defer time.AfterFunc(panelTime, b.Interrupt).Stop()
		beside.Wait()
		return b.Close()
	}, nil
}

// blink toggles the LED until ctx ends, and turns it off.
func blink(ctx context.Context, led func(on bool) error) {
	t := time.NewTicker(200 * time.Millisecond)
	defer t.Stop()
	for on := true; ctx.Err() == nil; on = !on {
		_ = led(on) // the person sees whether it blinks
		select {
		case <-t.C:
		case <-ctx.Done():
		}
	}
	_ = led(false)
}
