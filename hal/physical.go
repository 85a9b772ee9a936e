package hal

import (
	"image"
	"log/slog"
	"sync"
	"time"

	"github.com/paird/paird/hal/internal/ink"
)

// healEvery is how often a panel is looked after when nobody draws.
const healEvery = 10 * time.Second

// physical is a panel that is hardware: rotated, and opened anew after every error. It is safe for concurrent use.
type physical struct {
	open   func() (*device, error)
	rotate int
	glows  bool // an OLED: dark when asleep, and it forgets when its power fails
	log    *slog.Logger

	mu       sync.Mutex
	frame    *image.Paletted // the reader's view
	dev      *device         // nil while broken
	drawn    bool            // the panel should show the frame
	failing  bool            // the last attempt failed
	contrast *uint8
	full     bool
}

func newPhysical(size image.Point, accent bool, rotate int, log *slog.Logger, open func() (*device, error)) *physical {
	return &physical{open: open, rotate: rotate, log: log, frame: ink.New(view(size, rotate), accent)}
}

// Bounds is the panel as its reader sees it.
func (p *physical) Bounds() image.Rectangle { return p.frame.Rect }

// Draw shows src, from sp on, in r. After an error the next Draw opens the panel anew and draws it wholly.
func (p *physical) Draw(r image.Rectangle, src image.Image, sp image.Point) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	ink.Draw(p.frame, r, src, sp)
	p.drawn = true
	return p.attempt(p.show)
}

// Full makes the next Draw a full refresh of paper.
func (p *physical) Full() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.full = true
	return nil
}

// Contrast sets the brightness of an OLED, 0 to 255; it survives errors.
func (p *physical) Contrast(level uint8) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.contrast = &level
	if p.dev == nil {
		return nil // applied when the panel is opened
	}
	return p.attempt(func(d *device) error { return d.Contrast(level) })
}

// Sleep darkens an OLED and puts paper into deep sleep, until the next Draw.
func (p *physical) Sleep() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drawn = p.drawn && !p.glows
	if p.dev == nil {
		return nil
	}
	return p.attempt((*device).Sleep)
}

// Halt is Sleep.
func (p *physical) Halt() error { return p.Sleep() }

// probe finds out whether the panel answers.
func (p *physical) probe() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.attempt((*device).Probe)
}

// attempt opens the device if need be and runs f; after an error the device is let go. The caller holds mu.
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
	err := d.Draw(d.Bounds(), ink.Rotated(p.frame, p.rotate), image.Point{})
	if err == nil {
		p.full = false
	}
	return err
}

// heal draws the frame again from time to time, so that a panel that was unplugged, or lost its power while nobody
// drew, comes back. A panel that has the frame already is not sent anything but a question.
func (p *physical) heal(stop <-chan struct{}) {
	tick := time.NewTicker(healEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		p.look()
	}
}

// look draws the frame again where that is due. What changes is logged: nobody else hears of it.
func (p *physical) look() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.drawn || !p.failing && !p.glows {
		return
	}
	failed := p.failing
	switch err := p.attempt(p.show); {
	case err != nil && !failed:
		p.log.Warn("the panel does not answer", "err", err)
	case err == nil && failed:
		p.log.Info("the panel answers again")
	}
}

// keep heals the panel until the function it returns is called, which also lets go of the buses.
func (p *physical) keep() (closePanel func() error) {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		p.heal(stop)
	}()
	return func() error {
		close(stop)
		<-done
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.dev == nil {
			return nil
		}
		err := p.dev.Close()
		p.dev = nil
		return err
	}
}
