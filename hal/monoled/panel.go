package monoled

import (
	"errors"
	"image"
	"image/color"
	"time"

	"periph.io/x/conn/v3/display"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"github.com/paird/paird/hal/internal/ink"
)

// Opts name a module.
type Opts struct {
	Chip         string      // ssd1306, ssd1309, sh1106, sh1107
	Size         image.Point // one of Sizes(Chip)
	ColumnOffset int         // RAM column of the left edge; -1: as modules of that size are usually wired
	Reset        gpio.PinOut // nil: the module resets itself
}

// Dev is a module. Its methods must not be called at the same time.
type Dev struct {
	module module
	wire   wire
	reset  gpio.PinOut

	frame    *image.Paletted // what shall be shown
	next     []byte          // the frame as pages of the RAM
	shadow   []byte          // what the RAM holds; only true while ready
	ready    bool            // the controller is initialised and on
	whole    bool            // the RAM holds nothing we know
	watched  bool            // the status register tells the truth
	sure     time.Time       // when the controller was initialised last
	contrast byte
}

var _ display.Drawer = (*Dev)(nil)

// NewI2C returns the module at an address, 0x3C as a rule. Nothing is sent before the first Draw.
func NewI2C(b i2c.Bus, addr uint16, o *Opts) (*Dev, error) {
	return newDev(wire{conn: &i2c.Dev{Bus: b, Addr: addr}}, o)
}

// spiClock is what the slowest of the controllers takes: SH1106 allows 250 ns a bit (page 42).
const spiClock = 4 * physic.MegaHertz

// NewSPI returns the module on a bus. Nothing is sent before the first Draw.
func NewSPI(p spi.Port, dc gpio.PinOut, o *Opts) (*Dev, error) {
	if dc == nil {
		return nil, errors.New(o.Chip + ": on SPI a D/C pin is needed")
	}
	c, err := p.Connect(spiClock, spi.Mode0, 8)
	if err != nil {
		return nil, err
	}
	return newDev(wire{conn: c, dc: dc}, o)
}

func newDev(w wire, o *Opts) (*Dev, error) {
	m, err := newModule(o)
	if err != nil {
		return nil, err
	}
	bytes := m.size.X * m.size.Y / 8
	return &Dev{module: m, wire: w, reset: o.Reset, frame: ink.New(m.size, false),
		next: make([]byte, bytes), shadow: make([]byte, bytes), contrast: 0xcf}, nil
}

// String names the module and what it hangs on.
func (p *Dev) String() string { return p.module.chip + "{" + p.wire.conn.String() + "}" }

// ColorModel is black and white.
func (p *Dev) ColorModel() color.Model { return p.frame.Palette }

// Bounds is the module's size.
func (p *Dev) Bounds() image.Rectangle { return p.frame.Rect }

// Draw shows src, from sp on, in r, and sends only what changed. After an error, a power loss the controller tells of,
// Sleep or Halt it begins anew: initialisation and the whole frame. So it does once a minute where the controller cannot
// tell, on SPI.
func (p *Dev) Draw(r image.Rectangle, src image.Image, sp image.Point) error {
	ink.Draw(p.frame, r, src, sp)
	return p.try(p.show)
}

// try runs f; after an error nothing is known of the controller any more.
func (p *Dev) try(f func() error) error {
	err := f()
	if err != nil {
		p.ready = false
	}
	return err
}

func (p *Dev) show() error {
	if p.ready {
		if err := p.watch(); err != nil {
			return err
		}
	}
	fresh := !p.ready || !p.watched && time.Since(p.sure) >= renewEvery
	if fresh {
		if err := p.start(!p.ready); err != nil {
			return err
		}
	}
	if err := p.update(); err != nil {
		return err
	}
	if fresh {
		return p.light()
	}
	return nil
}

// watch notices a controller that lost its power in between: it answers, but its display is off (SSD1306 table 9-2,
// page 33: status D6).
func (p *Dev) watch() error {
	if !p.watched {
		return nil
	}
	s, _, err := p.wire.status()
	if s&statusOff != 0 {
		p.ready = false
	}
	return err
}

const statusOff = 1 << 6

// renewEvery is how often a controller whose status cannot be read is initialised anew while it works, without going
// dark: it may have lost its power.
const renewEvery = time.Minute

// start initialises the controller; from dark, after a reset and with its display off.
func (p *Dev) start(dark bool) error {
	if p.reset != nil && dark {
		for _, high := range []bool{true, false, true} { // SSD1306 section 8.9: RES# low for at least 3 us
			if err := p.reset.Out(gpio.Level(high)); err != nil {
				return err
			}
			time.Sleep(time.Millisecond)
		}
	}
	p.whole = true
	return p.wire.command(p.module.init(p.contrast, dark)...)
}

// light switches the display on, now that its RAM holds a picture, and learns whether its status can be trusted.
func (p *Dev) light() error {
	if err := p.wire.command(0xaf); err != nil {
		return err
	}
	s, known, err := p.wire.status()
	p.watched = known && err == nil && s&statusOff == 0
	p.ready, p.sure = true, time.Now()
	return nil
}

// Probe finds out whether the controller answers: it initialises it with the display off.
func (p *Dev) Probe() error {
	p.ready = false
	return p.start(true)
}

// SetContrast sets the brightness, 0 to 255; it stays over Sleep and errors.
func (p *Dev) SetContrast(level byte) error {
	p.contrast = level
	if !p.ready {
		return nil
	}
	return p.try(func() error { return p.wire.command(0x81, level) })
}

// Sleep switches the display off until the next Draw.
func (p *Dev) Sleep() error {
	p.ready = false
	return p.wire.command(0xae)
}

// Halt is Sleep.
func (p *Dev) Halt() error { return p.Sleep() }
