//go:build linux

package main

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/paird/paird/cmd/pairlab/internal/board/wire"
)

// hands are what a person and a service manager do to the board. Its exported methods are called by the host.
type hands struct {
	header    header
	button    int // its line, which it pulls low
	module    module
	stick     func(bool) error // BUSY; nil: the panel has none
	bus       line
	unplugged bool
	service
}

func newHands() *hands { return &hands{} }

// Wire puts a panel on its bus, beside a BME280 on I2C, and a button on its pin. It is called once after power came.
func (h *hands) Wire(w wire.Wiring, _ *bool) (err error) {
	h.button = w.Button
	if h.header, err = newHeader(w); err != nil {
		return err
	}
	if err := h.header.set(h.button, true); err != nil {
		return err
	}
	if w.Others {
		if err := plugOneWire(); err != nil {
			return err
		}
	}
	return h.plug(w)
}

// Press holds the button for that long.
func (h *hands) Press(hold time.Duration, _ *bool) error {
	if err := h.header.set(h.button, false); err != nil {
		return err
	}
	time.Sleep(hold)
	return h.header.set(h.button, true)
}

// Stick holds the button down, or lets go.
func (h *hands) Stick(down bool, _ *bool) error { return h.header.set(h.button, !down) }

// Look is what a person sees.
func (h *hands) Look(_ bool, p *wire.Picture) error {
	m := h.module.Image()
	*p = wire.Picture{Width: m.Rect.Dx(), Height: m.Rect.Dy(), Pix: m.Pix}
	return nil
}

// Break makes the bus and the panel fail, or mends them.
func (h *hands) Break(f wire.Fault, _ *bool) error {
	h.bus.hold(f.Hung)
	if h.stick != nil {
		if err := h.stick(f.Stuck); err != nil {
			return err
		}
	}
	if h.module == nil {
		return nil
	}
	switch {
	case f.Unplugged:
		h.module.Unplug()
	case h.unplugged:
		h.module.Plug()
	}
	h.unplugged = f.Unplugged
	h.module.FailIn(f.FailIn, f.After)
	return nil
}

// Glow is the part of a time for which an LED is on.
func (h *hands) Glow(g wire.Glow, part *float64) error {
	on, all := 0, 0
	for end := time.Now().Add(g.For); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if all++; h.header.get(g.Line) {
			on++
		}
	}
	*part = float64(on) / float64(all)
	return nil
}

// Put writes a file.
func (h *hands) Put(f wire.File, _ *bool) error {
	return errors.Join(os.MkdirAll(filepath.Dir(f.Path), 0o755), os.WriteFile(f.Path, f.Data, os.FileMode(f.Mode)), os.Chmod(f.Path, os.FileMode(f.Mode)))
}

// Get reads a file.
func (h *hands) Get(path string, content *[]byte) (err error) {
	*content, err = os.ReadFile(path)
	return err
}

// Link connects the network, or takes it away.
func (h *hands) Link(up bool, _ *bool) error { return setLink(up) }

// Clock sets the time by a server, and keeps it right as long as the board has power.
func (h *hands) Clock(server string, _ *bool) error {
	if err := setClock(server); err != nil {
		return err
	}
	go keepClock(server)
	return nil
}

// Wait returns when that much of the board's time has passed.
func (h *hands) Wait(d time.Duration, _ *bool) error {
	time.Sleep(d)
	return nil
}

// Time is the board's clock.
func (h *hands) Time(_ bool, t *time.Time) error {
	*t = time.Now()
	return nil
}
