package bustest

import (
	"sync"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// String, SetSpeed and Close make a module an i2c.BusCloser.
func (o *OLED) String() string                  { return string(o.glass.Chip) }
func (o *OLED) SetSpeed(physic.Frequency) error { return nil }
func (o *OLED) Close() error                    { return nil }

// Tx is one I2C transaction: control bytes with Co and D/C, then commands or data (SSD1306 section 8.1.5.2, page
// 20; SH1106 page 13). A read returns the status (SSD1306 table 9-2, page 33: D6 is "1 for display OFF"; SH1107
// page 40).
func (o *OLED) Tx(addr uint16, w, r []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if addr != o.addr {
		return ErrNACK
	}
	arrive, err := o.begin(1 + len(w) + len(r))
	if o.rst {
		o.controlBytes(w[:max(0, min(len(w), arrive-1))])
	}
	if err != nil {
		return err
	}
	for i := range r {
		r[i] = o.status()
	}
	return nil
}

func (o *OLED) status() byte {
	s := byte(0x06)
	if o.glass.Chip == SH1107 {
		s = 0x07
	}
	if o.ReadsLie {
		return 0x40
	}
	if !o.reg.on {
		s |= 0x40
	}
	return s
}

func (o *OLED) controlBytes(w []byte) {
	for len(w) > 0 {
		control := w[0]
		w = w[1:]
		if control&0x3f != 0 {
			o.violate("control byte %#02x: the low six bits must be zero", control)
		}
		n := len(w)
		if control&0x80 != 0 { // Co: one byte, then another control byte
			n = min(n, 1)
		}
		for _, b := range w[:n] {
			o.byte(b, control&0x40 != 0)
		}
		w = w[n:]
	}
}

func (o *OLED) byte(b byte, data bool) {
	if !data {
		o.command(b)
		return
	}
	if len(o.pending) > 0 {
		o.violate("data %#02x while command %#02x waits for its arguments", b, o.pending[0])
	}
	o.write(b)
}

// SPI is the module on a four-wire SPI bus: commands while D/C is low, data while it is high (SSD1306 section 8.1.3, page
// 17). Nothing can be read back.
func (o *OLED) SPI() spi.PortCloser {
	fast := 10 * physic.MegaHertz // SSD1306 table 13-4: 100 ns
	if o.glass.Chip == SH1106 || o.glass.Chip == SH1107 {
		fast = 4 * physic.MegaHertz // page 42: 250 ns
	}
	return port{o.String(), fast, o.spiTx, o.report}
}

func (o *OLED) spiTx(w, r []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	arrive, err := o.begin(len(w))
	if o.rst {
		for _, b := range w[:arrive] {
			o.byte(b, o.dc)
		}
	}
	clear(r)
	return err
}

// DC is the data/command input.
func (o *OLED) DC() Pin { return Pin{PinIO: gpio.INVALID, mu: o.lock(), high: &o.dc} }

// Reset is the RES# input: while it is low the chip listens to nothing.
func (o *OLED) Reset() Pin {
	return Pin{PinIO: gpio.INVALID, mu: o.lock(), high: &o.rst, fell: o.reset}
}

func (o *OLED) lock() *sync.Mutex { return &o.mu }
