package bustest

import (
	"image"
	"math/rand/v2"
	"sync"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// Chip is a controller of monochrome OLEDs.
type Chip string

// The controllers modelled.
const (
	SSD1306 Chip = "ssd1306"
	SSD1309 Chip = "ssd1309"
	SH1106  Chip = "sh1106"
	SH1107  Chip = "sh1107"
)

// Glass is how a module wires its glass to the controller.
type Glass struct {
	Chip        Chip
	Size        image.Point
	Column      int  // SSD and SH1106: RAM column at the left edge under segment remap A1; SH1107: COM output there
	Alternative bool // rows are wired to COM outputs from both sides in turn, as on 64 row glass
	ExternalVpp bool // the module makes the drive voltage itself
}

// OLED is a module: a controller, its RAM and its glass. Bus methods may be called concurrently.
type OLED struct {
	bus
	glass    Glass
	addr     uint16
	dc, rst  bool
	ram      [16][132]byte // pages by columns
	rnd      *rand.Rand
	reg      registers
	pending  []byte // a command whose arguments are still to come
	ReadsLie bool   // the module answers every read with zeros, as some clones do
}

// registers is what a reset restores.
type registers struct {
	mode                   byte // memory addressing mode: 0 horizontal, 1 vertical, 2 page
	col, page              int
	colFrom, colTo         int
	pageFrom, pageTo       int
	on, inverse, all       bool
	segRemap, comRemap     bool
	start, offset, mux     int
	alternative, leftRight bool
	pump                   bool
	locked                 bool
	contrast               byte
}

// NewOLED returns a module that was just powered: its RAM holds noise.
func NewOLED(g Glass, addr uint16, strict bool) *OLED {
	o := &OLED{glass: g, addr: addr, rst: true, rnd: rand.New(rand.NewPCG(1, uint64(g.Size.X)))}
	o.strict = strict
	o.powerOn()
	return o
}

// powerOn scrambles the RAM and resets the registers. The caller holds mu, or is the constructor.
func (o *OLED) powerOn() {
	for p := range o.ram {
		for c := range o.ram[p] {
			o.ram[p][c] = byte(o.rnd.Uint32())
		}
	}
	o.reset()
}

// reset restores the values of SSD1306 section 8.5 (page 27) and table 9-1, of SH1106 page 18 and 32, of SH1107
// page 22. The RAM keeps what it holds.
func (o *OLED) reset() {
	o.pending = nil
	o.reg = registers{mode: 2, colTo: 127, pageTo: 7, mux: 63, alternative: true, contrast: 0x7f}
	switch o.glass.Chip {
	case SH1106: // page 28: "DC-DC ... POR" on
		o.reg.pump, o.reg.contrast = true, 0x80
	case SH1107:
		o.reg.pump, o.reg.contrast, o.reg.mux = true, 0x80, 127
	}
}

// PowerLoss takes the power away and gives it back: the RAM is lost, the display is off.
func (o *OLED) PowerLoss() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.powerOn()
}

// Unplug takes the module off the bus; Plug powers it again.
func (o *OLED) Unplug() { o.plug(true) }

// Plug ends Unplug.
func (o *OLED) Plug() { o.plug(false) }

func (o *OLED) plug(out bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.unplugged = out
	if !out {
		o.powerOn()
	}
}

// Contrast is the contrast register.
func (o *OLED) Contrast() byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.reg.contrast
}

// columns is the width of the RAM.
func (o *OLED) columns() int {
	if o.glass.Chip == SH1106 {
		return 132
	}
	return 128
}

// pages is the height of the RAM in bytes.
func (o *OLED) pages() int {
	if o.glass.Chip == SH1107 {
		return 16
	}
	return 8
}

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

// Reset is the RES# input: while it is low the chip ignores all input.
func (o *OLED) Reset() Pin {
	return Pin{PinIO: gpio.INVALID, mu: o.lock(), high: &o.rst, fell: o.reset}
}

func (o *OLED) lock() *sync.Mutex { return &o.mu }
