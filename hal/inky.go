package hal

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"sync"
	"time"

	"periph.io/x/conn/v3/display"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/devices/v3/inky"
)

// inkyWHATs are Pimoroni's 400x300 papers, by periph's driver. What it does not drive right is in doc.go.
func inkyWHATs() []PanelInfo {
	row := func(name string, c inky.Color) PanelInfo {
		o := inky.Opts{Model: inky.WHAT, ModelColor: c, BorderColor: inky.White, Width: 400, Height: 300}
		p := PanelInfo{Name: name, Sizes: []image.Point{{X: 400, Y: 300}}, Bus: "SPI", Paper: true, Accent: c != inky.Black,
			Refresh: 8 * time.Second, Controller: "SSD1683", Driver: "devices/inky", Open: openInky(o, inkyLimit)}
		if p.Accent {
			p.Refresh = 30 * time.Second
		}
		return p
	}
	return []PanelInfo{row("inkywhat", inky.Red), row("inkywhatblack", inky.Black)}
}

// inkyLimit is how long a refresh may take; with red it takes half a minute.
const inkyLimit = time.Minute

func openInky(o inky.Opts, limit time.Duration) Driver {
	return func(w *Wiring) (display.Drawer, error) {
		pins, err := w.Pins("dc", "reset", "busy")
		if err != nil {
			return nil, err
		}
		port, err := w.SPI()
		if err != nil {
			return nil, err
		}
		busy := &busyPin{PinIO: pins[2], idle: gpio.Low, limit: limit}
		d, err := inky.New(port, pins[0], pins[1], busy, &o)
		return &checkedDrawer{Drawer: d, busy: busy}, err
	}
}

// checkedDrawer adds two things to a driver of periph's for e-paper: Draw returns an error if BUSY stayed high, and does not
// refresh paper that shows the picture already, which would flash for half a minute.
type checkedDrawer struct {
	display.Drawer
	busy  *busyPin
	shown []byte // nil: not known
}

// Draw implements display.Drawer.
func (d *checkedDrawer) Draw(r image.Rectangle, src image.Image, sp image.Point) error {
	m, ok := src.(*image.Paletted)
	if ok && d.shown != nil && bytes.Equal(m.Pix, d.shown) {
		return nil
	}
	d.shown = nil
	if err := errors.Join(d.Drawer.Draw(r, src, sp), d.busy.timedOut()); err != nil || !ok {
		return err
	}
	d.shown = bytes.Clone(m.Pix)
	return nil
}

// Full makes the next Draw refresh the paper in any case.
func (d *checkedDrawer) Full() error {
	d.shown = nil
	return nil
}

// busyPin is a BUSY pin for drivers that wait for it without a limit, as periph's do: after the limit it reads as idle, and
// timedOut returns the error.
type busyPin struct {
	gpio.PinIO
	idle  gpio.Level
	limit time.Duration

	mu    sync.Mutex
	since time.Time // busy since; the zero time: idle
	stuck bool
}

// Read implements gpio.PinIn.
func (b *busyPin) Read() gpio.Level {
	level := b.PinIO.Read()
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case level == b.idle:
		b.since = time.Time{}
	case b.since.IsZero():
		b.since = time.Now()
	case time.Since(b.since) >= b.limit:
		b.stuck = true
		return b.idle
	}
	return level
}

// WaitForEdge waits until the pin is idle, as long as timeout (below 0: up to the limit), whatever edge In asked for: the
// edge may have come before the call.
func (b *busyPin) WaitForEdge(timeout time.Duration) bool {
	if timeout < 0 {
		timeout = b.limit
	}
	for deadline := time.Now().Add(timeout); b.Read() != b.idle; time.Sleep(pollBusy) {
		if !time.Now().Before(deadline) {
			return false
		}
	}
	return true
}

// In takes the pin without edges: it is polled.
func (b *busyPin) In(pull gpio.Pull, _ gpio.Edge) error { return b.PinIO.In(pull, gpio.NoEdge) }

const pollBusy = 10 * time.Millisecond

// timedOut returns an error if the pin stayed busy past the limit since the last call.
func (b *busyPin) timedOut() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.stuck {
		return nil
	}
	b.stuck, b.since = false, time.Time{}
	return fmt.Errorf("BUSY stays high for %v: check the panel's power, its ribbon and the busy pin", b.limit)
}
