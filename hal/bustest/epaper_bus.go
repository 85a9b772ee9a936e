package bustest

import (
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// SPI is the module on its bus, at 20 MHz at most (SSD1680 section 12, table 12-1).
func (e *EPaper) SPI() spi.PortCloser {
	return port{e.sheet.Chip.Name, 20 * physic.MegaHertz, e.tx, e.report}
}

// tx clocks bytes in: a command while D/C is low, data while it is high (SSD1680 section 6.1.2, page 11).
func (e *EPaper) tx(w, r []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(r)
	if e.unplugged || !e.power { // a bus without acknowledge does not notice
		e.txs, e.bytes = e.txs+1, e.bytes+len(w)
		return nil
	}
	arrive, err := e.begin(len(w))
	for _, b := range w[:arrive] {
		e.take(b)
	}
	return err
}

// take is one byte.
func (e *EPaper) take(b byte) {
	switch {
	case !e.rst:
		e.violate("byte %#02x while RES# is low", b)
	case e.asleep: // 10h: "user need to send HWRESET to exit Deep Sleep mode"
		e.violate("byte %#02x in deep sleep", b)
	case e.busy(): // "BUSY ... operation should not be interrupted"
		e.violate("byte %#02x while BUSY", b)
	case e.dc:
		e.data(b)
	default:
		e.finish()
		e.cmd, e.args, e.written = b, nil, 0
		e.begun()
	}
}

func (e *EPaper) busy() bool { return e.stuck || e.asleep || time.Now().Before(e.busyTill) }

// DC is the data/command input.
func (e *EPaper) DC() Pin { return Pin{PinIO: gpio.INVALID, mu: &e.mu, high: &e.dc} }

// Reset is the RES# input.
func (e *EPaper) Reset() Pin { return Pin{PinIO: gpio.INVALID, mu: &e.mu, high: &e.rst, fell: e.wake} }

// Power is the PWR input of a board with a Switch.
func (e *EPaper) Power() Pin {
	return Pin{PinIO: gpio.INVALID, mu: &e.mu, high: &e.power, rose: e.powerOn}
}

// Powered reports whether the board has power.
func (e *EPaper) Powered() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.power
}

// Busy is the BUSY output.
func (e *EPaper) Busy() BusyPin { return BusyPin{gpio.INVALID, e} }

// BusyPin is high while the controller works; in deep sleep it "will keep output high" (10h). It implements gpio.PinIn.
type BusyPin struct {
	gpio.PinIO
	e *EPaper
}

// In takes the pin as it is.
func (p BusyPin) In(gpio.Pull, gpio.Edge) error { return nil }

// Read returns the level.
func (p BusyPin) Read() gpio.Level {
	p.e.mu.Lock()
	defer p.e.mu.Unlock()
	return gpio.Level(!p.e.unplugged && p.e.power && p.e.busy())
}

// WaitForEdge waits for the level to change; -1: for ever.
func (p BusyPin) WaitForEdge(timeout time.Duration) bool {
	was, start := p.Read(), time.Now()
	for p.Read() == was {
		if timeout >= 0 && time.Since(start) >= timeout {
			return false
		}
		time.Sleep(time.Millisecond)
	}
	return true
}
