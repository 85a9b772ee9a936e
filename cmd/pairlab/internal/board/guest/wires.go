//go:build linux

package main

import (
	"errors"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// wires connect a panel's pins beside its bus to lines of the header. gpio-sim reports no change of an output, so the panel gets
// the levels that its pins have at each transfer. A pulse between two transfers is not seen: where the panel sleeps, one on RES#
// is taken as given, and BUSY as low. The tests of the drivers see each pulse.
type wires struct {
	header header
	inputs map[int]gpio.PinOut // of the panel, by line
	output gpio.PinIn          // BUSY; nil: none
	line   int                 // of output
	asleep func() bool         // the panel waits for a pulse on reset; nil if output is
	reset  gpio.PinOut

	mu      sync.Mutex
	level   gpio.Level // of BUSY
	waiting bool       // for its end
}

// transfer runs a transfer with the pins as the board has set them; when it is over, BUSY is as the panel sets it.
func (w *wires) transfer(tx func(w, r []byte) error, b, r []byte) error {
	if err := w.follow(); err != nil {
		return err
	}
	if err := w.wake(); err != nil {
		return err
	}
	err := tx(b, r)
	if e := w.follow(); err == nil {
		err = e
	}
	return err
}

func (w *wires) wake() error {
	if w.output == nil || !w.asleep() {
		return nil
	}
	return errors.Join(w.reset.Out(gpio.Low), w.reset.Out(gpio.High))
}

// follow gives the panel the levels of its pins, and the board that of BUSY, now and until the panel is idle.
func (w *wires) follow() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for line, pin := range w.inputs {
		if err := pin.Out(gpio.Level(w.header.get(line))); err != nil {
			return err
		}
	}
	if w.output == nil {
		return nil
	}
	if level := w.output.Read() && !gpio.Level(w.asleep()); level != w.level {
		if err := w.header.set(w.line, bool(level)); err != nil {
			return err
		}
		w.level = level
	}
	if bool(w.level) && !w.waiting {
		w.waiting = true
		time.AfterFunc(5*time.Millisecond, w.again)
	}
	return nil
}

func (w *wires) again() {
	w.mu.Lock()
	w.waiting = false
	w.mu.Unlock()
	_ = w.follow() // the lines were there before
}
