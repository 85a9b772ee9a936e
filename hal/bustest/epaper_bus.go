package bustest

import "time"

// Tx clocks bytes in: a command while D/C is low, data while it is high (SSD1680 section 6.1.2, page 11).
func (e *EPaper) Tx(w, r []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(r)
	if e.unplugged { // a bus without acknowledge does not notice
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
func (e *EPaper) DC() Pin { return Pin{mu: &e.mu, high: &e.dc} }

// Reset is the RES# input.
func (e *EPaper) Reset() Pin { return Pin{mu: &e.mu, high: &e.rst, fell: e.wake} }

// Busy is the BUSY output.
func (e *EPaper) Busy() BusyPin { return BusyPin{e} }

// BusyPin is high while the controller works; in deep sleep it "will keep output high" (10h).
type BusyPin struct{ e *EPaper }

// Read returns the level.
func (p BusyPin) Read() (bool, error) {
	p.e.mu.Lock()
	defer p.e.mu.Unlock()
	return !p.e.unplugged && p.e.busy(), nil
}
