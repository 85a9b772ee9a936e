package bustest

import (
	"image"
	"math/rand/v2"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// PaperChip is a controller of e-paper.
type PaperChip struct {
	Name           string
	sources, gates int
	lut            int // bytes of command 32
	legacy         bool
}

// The controllers modelled: sources by gates of their RAM, and the length of their waveform register.
var (
	SSD1680 = PaperChip{Name: "ssd1680", sources: 176, gates: 296, lut: 153}
	SSD1681 = PaperChip{Name: "ssd1681", sources: 200, gates: 200, lut: 153}
	SSD1675 = PaperChip{Name: "ssd1675", sources: 160, gates: 296, lut: 70}
	SSD1683 = PaperChip{Name: "ssd1683", sources: 400, gates: 300, lut: 70}
	SSD1608 = PaperChip{Name: "ssd1608", sources: 240, gates: 320, lut: 30, legacy: true}
)

// Sheet is how a module wires its paper to the controller.
type Sheet struct {
	Chip   PaperChip
	Size   image.Point                       // as a person sees it, landscape
	Wire   func(x, y int) (source, gate int) // to which outputs a pixel is wired
	NoOTP  bool                              // the maker burned no waveform into the chip
	Whole  bool                              // the waveforms in the chip are full ones in both display modes
	Accent bool                              // the paper has red particles
	Full   time.Duration                     // what a full refresh takes; 0: 2 s
	Switch bool                              // the board has power only while its PWR pin is high
}

// What a pixel of paper shows.
const (
	paperBlack = iota
	paperWhite
	paperRed
	paperUnknown
)

// EPaper is a module: a controller, its two RAMs and its paper. Bus methods may be called concurrently.
type EPaper struct {
	bus
	sheet    Sheet
	dc, rst  bool
	power    bool
	rnd      *rand.Rand
	bw, red  []byte // RAM of commands 24 and 26, rows of sources
	shown    []byte // by gate and source; survives everything
	reg      paperRegisters
	cmd      byte
	args     []byte
	written  int // bytes of RAM since the last 24 or 26
	asleep   bool
	busyTill time.Time
	stuck    bool
	full     int
	partial  int

	drivenTill time.Time // the end of a refresh
}

// paperRegisters is what a reset restores.
type paperRegisters struct {
	mux, entry          int
	topBottom           bool // scan from the last gate
	xFrom, xTo, x       int  // bytes
	yFrom, yTo, y       int
	redOption, bwOption byte
	sequence            byte // command 22
	analog              bool
	lut                 []byte // written by command 32, or nil
	loaded              int    // display mode whose waveform was loaded from OTP, or 0
	pingPong            bool
}

// NewEPaper returns a module that was just powered. The paper shows nothing that is known.
func NewEPaper(s Sheet, strict bool) *EPaper {
	e := &EPaper{sheet: s, rst: true, power: !s.Switch, rnd: rand.New(rand.NewPCG(2, uint64(s.Size.X)))}
	e.strict = strict
	e.shown = make([]byte, s.Chip.sources*s.Chip.gates)
	for i := range e.shown {
		e.shown[i] = paperUnknown
	}
	e.powerOn()
	return e
}

// powerOn scrambles both RAMs; the paper keeps its picture. The caller holds mu, or is the constructor.
func (e *EPaper) powerOn() {
	size := e.sheet.Chip.sources / 8 * e.sheet.Chip.gates
	e.bw, e.red = make([]byte, size), make([]byte, size)
	for i := range e.bw {
		e.bw[i], e.red[i] = byte(e.rnd.Uint32()), byte(e.rnd.Uint32())
	}
	e.reset()
}

// reset restores the POR values of the command table (SSD1680 section 7, pages 20 to 31) and wakes the chip.
func (e *EPaper) reset() {
	c := e.sheet.Chip
	e.asleep, e.cmd, e.args = false, 0, nil
	e.reg = paperRegisters{mux: c.gates - 1, entry: 3, xTo: c.sources/8 - 1, yTo: c.gates - 1, sequence: 0xff}
	e.busyTill = time.Now().Add(time.Millisecond)
}

// wake is a pulse on RES#. It ends deep sleep. The datasheets let it restore all registers; the chips on modules keep those of a
// controller that is awake, on which Waveshare's programs rely between a full and a partial refresh (1.54 V2, 2.13 V2).
func (e *EPaper) wake() {
	switch {
	case e.unplugged:
	case e.strict || e.asleep:
		e.reset()
	default:
		e.cmd, e.args = 0, nil
		e.wait(time.Millisecond)
	}
}

// PowerLoss takes the power away and gives it back: registers and RAMs are lost, the paper keeps its picture.
func (e *EPaper) PowerLoss() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.powerOn()
}

// Stick makes BUSY stay high, or end that.
func (e *EPaper) Stick(stuck bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stuck = stuck
}

// Unplug takes the module off: BUSY reads low and what is sent is lost; an SPI bus has no acknowledge. Plug powers it again.
func (e *EPaper) Unplug() { e.plug(true) }

// Plug ends Unplug.
func (e *EPaper) Plug() { e.plug(false) }

func (e *EPaper) plug(out bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.unplugged = out
	if !out {
		e.powerOn()
	}
}

// Asleep reports whether the chip is in deep sleep.
func (e *EPaper) Asleep() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.asleep
}

// Refreshes is how often the paper was refreshed wholly and in part.
func (e *EPaper) Refreshes() (full, partial int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.full, e.partial
}

// SPI is the module on its bus, at 20 MHz at most (SSD1680 section 12, table 12-1).
func (e *EPaper) SPI() spi.PortCloser {
	return port{e.sheet.Chip.Name, 20 * physic.MegaHertz, e.tx, e.report}
}

// tx clocks bytes in: a command while D/C is low, data while it is high (SSD1680 section 6.1.2, page 11).
func (e *EPaper) tx(w, r []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(r)
	if e.unplugged || !e.power { // SPI has no acknowledge
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
	case e.busy() && (e.strict || e.stuck || e.refreshing()): // "BUSY ... operation should not be interrupted"
		e.violate("byte %#02x while BUSY", b)
	case e.dc:
		e.data(b)
	default:
		e.finish()
		e.cmd, e.args, e.written = b, nil, 0
		e.begun()
	}
}

// refreshing reports whether the paper is being driven. While the controller only loads a waveform the chips on modules take
// commands: Waveshare's program for the 1.54 V2 sends the address counters then.
func (e *EPaper) refreshing() bool { return time.Now().Before(e.drivenTill) }

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

// Busy is the BUSY output: high while the controller works; in deep sleep it "will keep output high" (10h).
func (e *EPaper) Busy() BusyPin {
	return BusyPin{gpio.INVALID, func() gpio.Level {
		e.mu.Lock()
		defer e.mu.Unlock()
		return gpio.Level(!e.unplugged && e.power && e.busy())
	}}
}
