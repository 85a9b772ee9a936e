package hal

import (
	"errors"
	"image"
	"io"
	"log/slog"
	"sync"
	"time"

	"periph.io/x/conn/v3/display"
	"periph.io/x/conn/v3/gpio"

	"github.com/paird/paird/hal/internal/ink"
)

// checkEvery is how often a panel is checked between Draws.
const checkEvery = 10 * time.Second

// physical is a panel that is hardware: rotated, and opened again after every error. It is safe for concurrent use.
type physical struct {
	open   func() (*device, error)
	rotate int
	glows  bool // an OLED: dark when asleep, and it forgets when its power fails
	log    *slog.Logger

	interrupted chan struct{} // closed: no caller waits any more

	painting sync.Mutex
	frame    *image.Paletted // the reader's view; guarded by painting

	turn     chan struct{} // full while the panel works; guards what follows
	dev      *device       // nil while broken
	drawn    bool          // the panel should show the frame
	failing  bool          // the last attempt failed
	contrast *uint8
	full     bool
}

func newPhysical(size image.Point, accent bool, rotate int, log *slog.Logger, open func() (*device, error)) *physical {
	return &physical{open: open, rotate: rotate, log: log, frame: ink.New(view(size, rotate), accent), interrupted: make(chan struct{}), turn: make(chan struct{}, 1)}
}

// errInterrupted is what a caller gets that did not wait for the panel.
var errInterrupted = errors.New("the board is closing: the panel was not waited for")

// do runs f while no other runs. It waits for its end, but not once the board is interrupted: a refresh takes up to 45 s, and no
// driver can be stopped in one.
func (p *physical) do(f func() error) error {
	select {
	case p.turn <- struct{}{}:
	case <-p.interrupted:
		return errInterrupted
	}
	done := make(chan error, 1)
	go func() {
		defer func() { <-p.turn }()
		done <- f()
	}()
	select {
	case err := <-done:
		return err
	case <-p.interrupted:
		return errInterrupted
	}
}

// Bounds is the panel as its reader sees it.
func (p *physical) Bounds() image.Rectangle { return p.frame.Rect }

// Draw shows src, from sp on, in r. After an error the next Draw opens the panel again and draws the whole picture.
func (p *physical) Draw(r image.Rectangle, src image.Image, sp image.Point) error {
	p.painting.Lock()
	ink.Draw(p.frame, r, src, sp)
	p.painting.Unlock()
	return p.do(func() error {
		p.drawn = true
		return p.attempt(p.show)
	})
}

// Full makes the next Draw a full refresh of paper.
func (p *physical) Full() error {
	return p.do(func() error {
		p.full = true
		return nil
	})
}

// Contrast sets the brightness of an OLED, 0 to 255; it survives errors.
func (p *physical) Contrast(level uint8) error {
	return p.do(func() error {
		p.contrast = &level
		if p.dev == nil {
			return nil // applied when the panel is opened
		}
		return p.attempt(func(d *device) error { return d.Contrast(level) })
	})
}

// Sleep darkens an OLED and puts paper into deep sleep, until the next Draw.
func (p *physical) Sleep() error {
	return p.do(func() error {
		p.drawn = p.drawn && !p.glows
		if p.dev == nil {
			return nil
		}
		return p.attempt((*device).Sleep)
	})
}

// Halt is Sleep.
func (p *physical) Halt() error { return p.Sleep() }

// probe finds out whether the panel answers.
func (p *physical) probe() error {
	return p.do(func() error { return p.attempt((*device).Probe) })
}

// attempt opens the device if it is not open and runs f; after an error it closes the device. The caller has the turn.
func (p *physical) attempt(f func(*device) error) error {
	err := p.ensure()
	if err == nil {
		err = f(p.dev)
	}
	if err != nil && p.dev != nil {
		_ = p.dev.Close() // the first error says more
		p.dev = nil
	}
	p.failing = err != nil
	return err
}

func (p *physical) ensure() error {
	if p.dev != nil {
		return nil
	}
	d, err := p.open()
	if err != nil {
		return err
	}
	p.dev = d
	if p.contrast == nil {
		return nil
	}
	return p.dev.Contrast(*p.contrast)
}

func (p *physical) show(d *device) error {
	if p.full {
		if err := d.Full(); err != nil {
			return err
		}
	}
	p.painting.Lock()
	m := ink.Rotated(p.frame, p.rotate)
	p.painting.Unlock()
	err := d.Draw(d.Bounds(), m, image.Point{})
	if err == nil {
		p.full = false
	}
	return err
}

// watch draws the frame again from time to time, so that a panel that was unplugged, or lost its power between Draws, comes
// back. A panel that shows the frame is only asked for its status.
func (p *physical) watch(stop <-chan struct{}) {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		_ = p.do(p.check) // it has logged the error
	}
}

// check draws the frame again if the panel failed, or glows and may have lost its power. It logs a change: no caller gets
// the error.
func (p *physical) check() error {
	if !p.drawn || !p.failing && !p.glows {
		return nil
	}
	failed := p.failing
	err := p.attempt(p.show)
	switch {
	case err != nil && !failed:
		p.log.Warn("the panel does not answer", "err", err)
	case err == nil && failed:
		p.log.Info("the panel answers again")
	}
	return err
}

// start checks the panel until the function it returns is called, which also closes its bus and pins.
func (p *physical) start() (closePanel func() error) {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		p.watch(stop)
	}()
	return func() error {
		close(stop)
		err := p.do(func() error {
			if p.dev == nil {
				return nil
			}
			err := p.dev.Close()
			p.dev = nil
			return err
		})
		if errors.Is(err, errInterrupted) {
			return nil // the end of the process closes bus and pins
		}
		<-done
		return err
	}
}

// device is a driver with its bus and pins. Its methods do nothing where the driver has no such method.
type device struct {
	display.Drawer
	io.Closer
	glows   bool
	power   gpio.PinOut // of a board that has power only while this pin is high; nil: it always has
	powered bool
}

// openDevice opens a panel's bus and pins; if one of them fails, none stays open.
func openDevice(hw hardware, p PanelInfo, o Options) (*device, error) {
	w := &Wiring{hw: hw, o: o}
	w.o.Size = p.Size(o.Size)
	d := &device{Closer: w, glows: !p.Paper}
	err := d.open(w, p)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return d, nil
}

// open switches the power on before the driver sends anything.
func (d *device) open(w *Wiring, p PanelInfo) error {
	power, err := w.Pin("power")
	if err != nil {
		return err
	}
	if power != nil {
		d.power = power
	}
	if err := d.supply(true); err != nil {
		return err
	}
	d.Drawer, err = p.Open(w)
	return err
}

// powerTime is how long the supply needs to settle before the reset (SSD1680 section 9: 10 ms), and to fall.
const powerTime = 10 * time.Millisecond

// supply switches the power. The controller loses its RAM: drivers initialize it again after Sleep.
func (d *device) supply(on bool) error {
	if d.power == nil || d.powered == on {
		return nil
	}
	if err := d.power.Out(gpio.Level(on)); err != nil {
		return err
	}
	d.powered = on
	time.Sleep(powerTime)
	return nil
}

// Draw implements display.Drawer.
func (d *device) Draw(r image.Rectangle, src image.Image, sp image.Point) error {
	if err := d.supply(true); err != nil {
		return err
	}
	return d.Drawer.Draw(r, src, sp)
}

// Full makes the next Draw a full refresh of e-paper.
func (d *device) Full() error {
	if f, ok := d.Drawer.(interface{ Full() error }); ok {
		return f.Full()
	}
	return nil
}

// Contrast sets the brightness, 0 to 255.
func (d *device) Contrast(level uint8) error {
	if c, ok := d.Drawer.(interface{ SetContrast(level byte) error }); ok {
		return c.SetContrast(level)
	}
	return nil
}

// Sleep darkens a panel that glows and puts e-paper into deep sleep. It does not call Halt of e-paper without Sleep: in periph's
// drivers that clears the paper. Then it switches the power off.
func (d *device) Sleep() error {
	return errors.Join(d.sleep(), d.supply(false))
}

func (d *device) sleep() error {
	if s, ok := d.Drawer.(interface{ Sleep() error }); ok {
		return s.Sleep()
	}
	if d.glows {
		return d.Halt()
	}
	return nil
}

// Probe finds out whether the panel answers.
func (d *device) Probe() error {
	if p, ok := d.Drawer.(interface{ Probe() error }); ok {
		return p.Probe()
	}
	return nil
}
