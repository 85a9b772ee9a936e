package monoled

import (
	"errors"
	"image"
	"time"

	"github.com/paird/paird/hal/internal/ink"
)

// Options name a module.
type Options struct {
	Chip         string      // ssd1306, ssd1309, sh1106, sh1107
	Size         image.Point // one of Sizes(Chip)
	ColumnOffset int         // RAM column of the left edge; -1: as modules of that size are usually wired
	Reset        Pin         // nil: the module resets itself
}

// Panel is a module. Its methods must not be called at the same time.
type Panel struct {
	module module
	wire   wire
	reset  Pin

	frame    *image.Paletted // what shall be shown
	next     []byte          // the frame as pages of the RAM
	shadow   []byte          // what the RAM holds; only true while ready
	ready    bool            // the controller is initialised and on
	whole    bool            // the RAM holds nothing we know
	watched  bool            // the status register tells the truth
	sure     time.Time       // when the controller was initialised last
	contrast byte
}

// NewI2C returns the module at an address, 0x3C as a rule. Nothing is sent before the first Draw.
func NewI2C(bus I2C, addr uint16, o Options) (*Panel, error) {
	return newPanel(&i2cWire{bus: bus, addr: addr}, o)
}

// NewSPI returns the module on a bus. Nothing is sent before the first Draw.
func NewSPI(bus SPI, dc Pin, o Options) (*Panel, error) {
	if dc == nil {
		return nil, errors.New(o.Chip + ": on SPI a D/C pin is needed")
	}
	return newPanel(&spiWire{bus: bus, dc: dc}, o)
}

func newPanel(w wire, o Options) (*Panel, error) {
	m, err := newModule(o)
	if err != nil {
		return nil, err
	}
	bytes := m.size.X * m.size.Y / 8
	return &Panel{module: m, wire: w, reset: o.Reset, frame: ink.New(m.size, false),
		next: make([]byte, bytes), shadow: make([]byte, bytes), contrast: 0xcf}, nil
}

// Bounds is the module's size.
func (p *Panel) Bounds() image.Rectangle { return p.frame.Rect }

// Draw shows src, from sp on, in r, and sends only what changed. After an error, a power loss the controller tells of,
// Sleep or Halt it begins anew: initialisation and the whole frame. So it does once a minute where the controller cannot
// tell, on SPI.
func (p *Panel) Draw(r image.Rectangle, src image.Image, sp image.Point) error {
	ink.Draw(p.frame, r, src, sp)
	return p.try(p.show)
}

// try runs f; after an error nothing is known of the controller any more.
func (p *Panel) try(f func() error) error {
	err := f()
	if err != nil {
		p.ready = false
	}
	return err
}

func (p *Panel) show() error {
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
func (p *Panel) watch() error {
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
func (p *Panel) start(dark bool) error {
	if p.reset != nil && dark {
		for _, high := range []bool{true, false, true} { // SSD1306 section 8.9: RES# low for at least 3 us
			if err := p.reset.Out(high); err != nil {
				return err
			}
			time.Sleep(time.Millisecond)
		}
	}
	p.whole = true
	return p.wire.command(p.module.init(p.contrast, dark)...)
}

// light switches the display on, now that its RAM holds a picture, and learns whether its status can be trusted.
func (p *Panel) light() error {
	if err := p.wire.command(0xaf); err != nil {
		return err
	}
	s, known, err := p.wire.status()
	p.watched = known && err == nil && s&statusOff == 0
	p.ready, p.sure = true, time.Now()
	return nil
}

// Probe finds out whether the controller answers: it initialises it with the display off.
func (p *Panel) Probe() error {
	p.ready = false
	return p.start(true)
}

// Contrast sets the brightness, 0 to 255; it stays over Sleep and errors.
func (p *Panel) Contrast(level uint8) error {
	p.contrast = level
	if !p.ready {
		return nil
	}
	return p.try(func() error { return p.wire.command(0x81, level) })
}

// Sleep switches the display off until the next Draw.
func (p *Panel) Sleep() error {
	p.ready = false
	return p.wire.command(0xae)
}

// Halt is Sleep.
func (p *Panel) Halt() error { return p.Sleep() }
