package ssd16xx

import (
	"errors"
	"fmt"
	"time"
)

// SPI is a device on a bus, mode 0. periph's spi.Conn has this method too.
type SPI interface {
	Tx(w, r []byte) error
}

// Output is a pin that we drive.
type Output interface {
	Out(high bool) error
}

// Input is a pin that we read.
type Input interface {
	Read() (high bool, err error)
}

// Wires connect a panel. All are needed.
type Wires struct {
	SPI   SPI
	DC    Output // low for a command, high for its data
	Reset Output // RES#, low active
	Busy  Input  // high while the controller works
}

// The waits. BUSY rises within a microsecond of the command it belongs to.
const (
	pollEvery  = 10 * time.Millisecond
	riseLimit  = 100 * time.Millisecond
	resetLimit = time.Second
)

// errNoBusy says that a refresh began, but BUSY stayed low: what follows would be lost.
var errNoBusy = errors.New("BUSY never rose: is display.pins.busy the right pin, and is the panel connected?")

// command sends a command and its data.
func (w Wires) command(c byte, data ...byte) error {
	if err := w.send(false, []byte{c}); err != nil || len(data) == 0 {
		return err
	}
	return w.send(true, data)
}

func (w Wires) send(data bool, b []byte) error {
	if err := w.DC.Out(data); err != nil {
		return err
	}
	return w.SPI.Tx(b, nil)
}

// all sends commands, each the command and its data.
func (w Wires) all(commands [][]byte) error {
	for _, c := range commands {
		if err := w.command(c[0], c[1:]...); err != nil {
			return err
		}
	}
	return nil
}

// pulse resets the controller, which also wakes it from deep sleep.
func (w Wires) pulse() error {
	for _, step := range []struct {
		high bool
		hold time.Duration
	}{{true, 10 * time.Millisecond}, {false, 5 * time.Millisecond}, {true, 10 * time.Millisecond}} {
		if err := w.Reset.Out(step.high); err != nil {
			return err
		}
		time.Sleep(step.hold)
	}
	return w.idle(resetLimit)
}

// idle waits until BUSY is low, but no longer than limit.
func (w Wires) idle(limit time.Duration) error {
	for deadline := time.Now().Add(limit); ; time.Sleep(pollEvery) {
		busy, err := w.Busy.Read()
		if err != nil || !busy {
			return err
		}
		if !time.Now().Before(deadline) {
			return fmt.Errorf("BUSY stays high for %v: check the panel's power, its ribbon and the busy pin", limit)
		}
	}
}

// refreshed waits for the end of a refresh, which must be seen to begin.
func (w Wires) refreshed(limit time.Duration) error {
	for deadline := time.Now().Add(riseLimit); ; time.Sleep(time.Millisecond) {
		busy, err := w.Busy.Read()
		if err != nil {
			return err
		}
		if busy {
			return w.idle(limit)
		}
		if !time.Now().Before(deadline) {
			return errNoBusy
		}
	}
}
