// Package epd has what drivers of e-paper share: four-wire SPI with a D/C pin, a reset pulse, and waits for BUSY with a limit.
package epd

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

// Wires connect a panel.
type Wires struct {
	conn    conn.Conn
	longest int         // what conn takes at once, in bytes
	dc      gpio.PinOut // low for a command, high for its data
	res     gpio.PinOut // RES#, low active
	busy    gpio.PinIn
	idle    gpio.Level // of busy
}

// longestTransfer is what spidev takes at once unless its module parameter says otherwise (drivers/spi/spidev.c: bufsiz).
const longestTransfer = 4096

// clock is far below the 10 to 20 MHz that the controllers take: the paper comes on a ribbon or on wires.
const clock = 4 * physic.MegaHertz

// Connect returns the wires of a panel whose BUSY has the level idle when the controller does not work.
func Connect(p spi.Port, dc, reset gpio.PinOut, busy gpio.PinIn, idle gpio.Level) (Wires, error) {
	c, err := p.Connect(clock, spi.Mode0, 8)
	if err != nil {
		return Wires{}, err
	}
	w := Wires{conn: c, longest: longestTransfer, dc: dc, res: reset, busy: busy, idle: idle}
	if l, ok := c.(conn.Limits); ok && l.MaxTxSize() > 0 {
		w.longest = l.MaxTxSize()
	}
	pull := gpio.Float
	if idle {
		pull = gpio.PullUp // an open drain output, or nothing connected
	}
	return w, busy.In(pull, gpio.NoEdge)
}

// String names the connection.
func (w Wires) String() string { return w.conn.String() }

// The waits. BUSY changes within a microsecond of the command it belongs to.
const (
	pollEvery  = 10 * time.Millisecond
	beginLimit = 100 * time.Millisecond

	ResetLimit = time.Second // for BUSY after a reset
)

// ErrNoBusy says that a refresh began, but BUSY did not change: what follows would be lost.
var ErrNoBusy = errors.New("BUSY never changed: is display.pins.busy the right pin, and is the panel connected?")

// Command sends a command and its data.
func (w Wires) Command(c byte, data ...byte) error {
	if err := w.send(gpio.Low, []byte{c}); err != nil || len(data) == 0 {
		return err
	}
	return w.Data(data)
}

// Data sends more data of the last command.
func (w Wires) Data(b []byte) error { return w.send(gpio.High, b) }

func (w Wires) send(dc gpio.Level, b []byte) error {
	if err := w.dc.Out(dc); err != nil {
		return err
	}
	for part := range slices.Chunk(b, w.longest) {
		if err := w.conn.Tx(part, nil); err != nil {
			return err
		}
	}
	return nil
}

// Commands sends several, each the command and its data.
func (w Wires) Commands(all [][]byte) error {
	for _, c := range all {
		if err := w.Command(c[0], c[1:]...); err != nil {
			return err
		}
	}
	return nil
}

// Pulse is how long RES# is high, then low, then high before the first command.
type Pulse struct{ Before, Low, After time.Duration }

// Reset resets the controller by RES#, which also ends deep sleep, and waits until it is idle.
func (w Wires) Reset(p Pulse) error {
	for _, step := range []struct {
		level gpio.Level
		hold  time.Duration
	}{{gpio.High, p.Before}, {gpio.Low, p.Low}, {gpio.High, p.After}} {
		if err := w.res.Out(step.level); err != nil {
			return err
		}
		time.Sleep(step.hold)
	}
	return w.Idle(ResetLimit)
}

// Idle waits until the controller is idle, but no longer than limit.
func (w Wires) Idle(limit time.Duration) error {
	for deadline := time.Now().Add(limit); ; time.Sleep(pollEvery) {
		if w.busy.Read() == w.idle {
			return nil
		}
		if !time.Now().Before(deadline) {
			return fmt.Errorf("BUSY stays %s for %v: check the panel's power, its ribbon and the busy pin", lower(!w.idle), limit)
		}
	}
}

func lower(l gpio.Level) string {
	if l {
		return "high"
	}
	return "low"
}

// Done waits for the end of what the last command began, which must be seen to begin.
func (w Wires) Done(limit time.Duration) error {
	for deadline := time.Now().Add(beginLimit); ; time.Sleep(time.Millisecond) {
		if w.busy.Read() != w.idle {
			return w.Idle(limit)
		}
		if !time.Now().Before(deadline) {
			return ErrNoBusy
		}
	}
}
