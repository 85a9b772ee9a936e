package hal

import (
	"errors"
	"image"
	"log/slog"
	"sync"
	"time"

	"github.com/paird/paird/hal/internal/ink"
)

// checkEvery is how often a panel is checked between Draws.
const checkEvery = 10 * time.Second

// physical is a panel that is hardware: rotated, and opened again after every error. It is safe for concurrent use.
type physical struct {
	open   func() (*device, error)
	rotate int
	glows  bool // an OLED: dark when asleep, and its RAM is lost with its power
	log    *slog.Logger

	interrupted chan struct{} // closed: no caller waits any more
	found       chan error    // what the last check found that changed something, until it is taken

	painting sync.Mutex
	frame    *image.Paletted // the reader's view; guarded by painting

	turn     chan struct{} // full while the panel works; guards what follows
	dev      *device       // nil while broken
	drawn    bool          // the panel should show the frame
	failing  bool          // the last attempt failed
	missing  bool          // a check has reported that
	contrast *uint8
	full     bool
}

func newPhysical(size image.Point, accent bool, rotate int, log *slog.Logger, open func() (*device, error)) *physical {
	return &physical{open: open, rotate: rotate, log: log, frame: ink.New(view(size, rotate), accent), interrupted: make(chan struct{}), found: make(chan error, 1), turn: make(chan struct{}, 1)}
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
	if err == nil && p.missing { // by a check or by a Draw, which does not know of it
		p.missing = false
		p.publish(nil)
	}
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

// check draws the frame again if the panel failed, or glows and may have lost its power. It logs and reports a change.
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
	if err != nil && !failed {
		p.missing = true
		p.publish(err)
	}
	return err
}

// publish puts what was found in place of what has not been taken yet. The caller has the turn.
func (p *physical) publish(err error) {
	select {
	case <-p.found:
	default:
	}
	p.found <- err
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
