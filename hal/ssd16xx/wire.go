package ssd16xx

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// wires connect a panel.
type wires struct {
	conn    conn.Conn
	longest int         // what conn takes at once
	dc      gpio.PinOut // low for a command, high for its data
	res     gpio.PinOut // RES#, low active
	busy    gpio.PinIn  // high while the controller works
}

// longestTransfer is what spidev takes at once unless its module parameter says otherwise (drivers/spi/spidev.c: bufsiz).
const longestTransfer = 4096

func newWires(p spi.Port, dc, reset gpio.PinOut, busy gpio.PinIn) (wires, error) {
	c, err := p.Connect(clock, spi.Mode0, 8)
	if err != nil {
		return wires{}, err
	}
	w := wires{conn: c, longest: longestTransfer, dc: dc, res: reset, busy: busy}
	if l, ok := c.(conn.Limits); ok && l.MaxTxSize() > 0 {
		w.longest = l.MaxTxSize()
	}
	return w, busy.In(gpio.Float, gpio.NoEdge)
}

// clock is far below the 20 MHz that the controllers take: the paper comes on a ribbon or on wires.
const clock = 4 * physic.MegaHertz

// The waits. BUSY rises within a microsecond of the command it belongs to.
const (
	pollEvery  = 10 * time.Millisecond
	riseLimit  = 100 * time.Millisecond
	resetLimit = time.Second
)

// errNoBusy says that a refresh began, but BUSY stayed low: what follows would be lost.
var errNoBusy = errors.New("BUSY never rose: is display.pins.busy the right pin, and is the panel connected?")

// command sends a command and its data.
func (w wires) command(c byte, data ...byte) error {
	if err := w.send(false, []byte{c}); err != nil || len(data) == 0 {
		return err
	}
	return w.send(true, data)
}

func (w wires) send(data bool, b []byte) error {
	if err := w.dc.Out(gpio.Level(data)); err != nil {
		return err
	}
	for part := range slices.Chunk(b, w.longest) {
		if err := w.conn.Tx(part, nil); err != nil {
			return err
		}
	}
	return nil
}

// all sends commands, each the command and its data.
func (w wires) all(commands [][]byte) error {
	for _, c := range commands {
		if err := w.command(c[0], c[1:]...); err != nil {
			return err
		}
	}
	return nil
}

// reset resets the controller by RES#, which also ends deep sleep.
func (w wires) reset(p pulse) error {
	for _, step := range []struct {
		level gpio.Level
		hold  time.Duration
	}{{gpio.High, p.before}, {gpio.Low, p.low}, {gpio.High, p.after}} {
		if err := w.res.Out(step.level); err != nil {
			return err
		}
		time.Sleep(step.hold)
	}
	return w.idle(resetLimit)
}

// idle waits until BUSY is low, but no longer than limit.
func (w wires) idle(limit time.Duration) error {
	for deadline := time.Now().Add(limit); ; time.Sleep(pollEvery) {
		if w.busy.Read() == gpio.Low {
			return nil
		}
		if !time.Now().Before(deadline) {
			return fmt.Errorf("BUSY stays high for %v: check the panel's power, its ribbon and the busy pin", limit)
		}
	}
}

// refreshed waits for the end of a refresh, which must be seen to begin.
func (w wires) refreshed(limit time.Duration) error {
	for deadline := time.Now().Add(riseLimit); ; time.Sleep(time.Millisecond) {
		if w.busy.Read() == gpio.High {
			return w.idle(limit)
		}
		if !time.Now().Before(deadline) {
			return errNoBusy
		}
	}
}
