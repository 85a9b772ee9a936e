package bustest

import (
	"encoding/binary"
	"image"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// ColourSheet is how a module wires its paper to a controller of the UC8159 family.
type ColourSheet struct {
	Name   string
	Size   image.Point                      // as a person sees it, landscape
	RAM    image.Point                      // of the controller: columns and rows that command 61h must set
	Bits   int                              // a pixel: 2 or 4
	Inks   []byte                           // what a person sees of each value: 0 black, 255 white, 200 red, 100 another colour
	Wire   func(x, y int) (column, row int) // where in the RAM a pixel is
	Full   time.Duration                    // what a refresh takes
	Boosts bool                             // the booster needs a second setting between power on and refresh (06h)
	OneArg bool                             // refresh (12h) and power off (02h) take a byte and begin with it
}

// ColourPaper is a module with a controller of the UC8159 family: its RAM takes a picture once, its waveforms are its own.
// Datasheets: UC8159 (UltraChip), JD79661, JD79668 (Jadard); Pimoroni's programs for AC073TC1A, E640 and E673.
type ColourPaper struct {
	bus
	sheet    ColourSheet
	dc, rst  bool
	shown    []byte // an ink a pixel of the RAM; survives everything
	ram      []byte
	cmd      byte
	args     []byte
	busyTill time.Time
	stuck    bool
	asleep   bool
	powered  bool // by PON
	set      bool // panel setting (00h) and resolution (61h) were sent
	boosted  bool
	refresh  int
}

// NewColourPaper returns a module that was just powered.
func NewColourPaper(s ColourSheet, strict bool) *ColourPaper {
	c := &ColourPaper{sheet: s, rst: true}
	c.strict = strict
	c.shown = make([]byte, s.RAM.X*s.RAM.Y)
	for i := range c.shown {
		c.shown[i] = 128
	}
	return c
}

// reset forgets the registers and the RAM.
func (c *ColourPaper) reset() {
	c.ram, c.cmd, c.args = nil, 0, nil
	c.asleep, c.powered, c.set, c.boosted = false, false, false, false
	c.busyTill = time.Now().Add(time.Millisecond)
}

// SPI is the module on its bus, at 10 MHz at most.
func (c *ColourPaper) SPI() spi.PortCloser {
	return port{c.sheet.Name, 10 * physic.MegaHertz, c.tx, c.report}
}

// DC is the data/command input.
func (c *ColourPaper) DC() Pin { return Pin{PinIO: gpio.INVALID, mu: &c.mu, high: &c.dc} }

// Reset is the RES# input.
func (c *ColourPaper) Reset() Pin {
	return Pin{PinIO: gpio.INVALID, mu: &c.mu, high: &c.rst, fell: c.reset}
}

// Busy is the BUSY_N output: low while the controller works.
func (c *ColourPaper) Busy() BusyPin {
	return BusyPin{gpio.INVALID, func() gpio.Level {
		c.mu.Lock()
		defer c.mu.Unlock()
		return gpio.Level(c.unplugged || !c.busy())
	}}
}

func (c *ColourPaper) busy() bool { return c.stuck || time.Now().Before(c.busyTill) }

func (c *ColourPaper) tx(w, r []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(r)
	if c.unplugged { // SPI has no acknowledge
		return nil
	}
	arrive, err := c.begin(len(w))
	for _, b := range w[:arrive] {
		c.take(b)
	}
	return err
}

func (c *ColourPaper) take(b byte) {
	switch {
	case !c.rst:
		c.violate("byte %#02x while RES# is low", b)
	case c.asleep:
		c.violate("byte %#02x in deep sleep", b)
	case c.busy():
		c.violate("byte %#02x while BUSY", b)
	case !c.dc:
		c.finish()
		c.cmd, c.args = b, nil
		c.begun()
	case c.cmd == 0x10:
		c.ram = append(c.ram, b)
	default:
		c.args = append(c.args, b)
		c.setting()
	}
}

// begun starts commands that need no data.
func (c *ColourPaper) begun() {
	switch c.cmd {
	case 0x10:
		c.ram = nil
	case 0x04:
		c.powered = true
		c.wait(50 * time.Millisecond)
	case 0x02, 0x12:
		if !c.sheet.OneArg {
			c.execute()
		}
	}
}

// execute is the end of power off (02h) and refresh (12h).
func (c *ColourPaper) execute() {
	switch c.cmd {
	case 0x12:
		if !c.powered {
			c.violate("refresh without power")
			return
		}
		if c.sheet.Boosts && !c.boosted {
			c.violate("refresh without the second setting of the booster")
		}
		c.show()
	case 0x02:
		c.powered = false
		c.wait(50 * time.Millisecond)
	}
}

// wait makes BUSY low.
func (c *ColourPaper) wait(d time.Duration) { c.busyTill = time.Now().Add(d) }

// setting obeys a command that is complete.
func (c *ColourPaper) setting() {
	switch {
	case c.cmd == 0x02 || c.cmd == 0x12:
		if !c.sheet.OneArg || len(c.args) > 1 {
			c.violate("command %#02x with a byte too many", c.cmd)
			return
		}
		c.execute()
	case c.cmd == 0x61 && len(c.args) == 4:
		if got := image.Pt(int(binary.BigEndian.Uint16(c.args)), int(binary.BigEndian.Uint16(c.args[2:]))); got != c.sheet.RAM {
			c.violate("resolution %v, not %v", got, c.sheet.RAM)
		}
		c.set = true
	case c.cmd == 0x06 && c.powered:
		c.boosted = true
	case c.cmd == 0x07 && c.args[0] == 0xa5:
		c.asleep = true
	}
}

// finish checks the command that ends with the next one.
func (c *ColourPaper) finish() {
	if c.cmd == 0x61 && len(c.args) != 4 {
		c.violate("resolution with %d bytes", len(c.args))
	}
}

// show puts the RAM on the paper.
func (c *ColourPaper) show() {
	s := c.sheet
	if want := s.RAM.X * s.RAM.Y * s.Bits / 8; !c.set || len(c.ram) != want {
		c.violate("refresh with %d bytes of %d, resolution set: %v", len(c.ram), want, c.set)
		return
	}
	c.refresh++
	c.wait(s.Full)
	for i := range c.shown {
		at := i * s.Bits
		value := int(c.ram[at/8]>>(8-s.Bits-at%8)) & (1<<s.Bits - 1)
		if value >= len(s.Inks) {
			c.violate("value %d is no ink", value)
			continue
		}
		c.shown[i] = s.Inks[value]
	}
}

// Image is what a person sees: 0 black, 100 another colour, 128 unknown, 200 red, 255 white.
func (c *ColourPaper) Image() *image.Gray {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := image.NewGray(image.Rectangle{Max: c.sheet.Size})
	for y := range c.sheet.Size.Y {
		for x := range c.sheet.Size.X {
			column, row := c.sheet.Wire(x, y)
			m.Pix[m.PixOffset(x, y)] = c.shown[row*c.sheet.RAM.X+column]
		}
	}
	return m
}

// Refreshes is how often the paper was refreshed.
func (c *ColourPaper) Refreshes() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refresh
}

// Stick makes BUSY stay low, or end that.
func (c *ColourPaper) Stick(stuck bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stuck = stuck
}

// Plug takes the module off, or plugs it in again: then it was just powered.
func (c *ColourPaper) Plug(in bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.unplugged = !in; in {
		c.reset()
	}
}
