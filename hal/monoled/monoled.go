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
	"periph.io/x/devices/v3/ssd1306/image1bit"
)

// Opts describe a module.
type Opts struct {
	Chip         string      // one of Chips
	Size         image.Point // in pixels, one of Sizes(Chip)
	ColumnOffset int         // RAM column of the left edge; -1: as modules of that size are usually wired
	Reset        gpio.PinOut // RES#, low active; nil: the module resets itself
}

// Dev is an open handle to a module. Its methods must not be called concurrently.
type Dev struct {
	module module
	bus    wire
	reset  gpio.PinOut

	frame      *image1bit.VerticalLSB // what the next Draw shows; its bytes are those of the RAM
	ram        []byte                 // what the RAM holds; valid while on and not stale
	on         bool                   // the controller is initialized and its display is on
	stale      bool                   // the RAM holds something else than ram
	readable   bool                   // the status register can be trusted
	configured time.Time              // when the controller was last initialized
	contrast   byte
}

var _ display.Drawer = (*Dev)(nil)

// NewI2C returns a module at an I²C address, 0x3C on most. It sends nothing: the first Draw initializes the controller.
func NewI2C(b i2c.Bus, addr uint16, o *Opts) (*Dev, error) {
	return newDev(wire{conn: &i2c.Dev{Bus: b, Addr: addr}}, o)
}

// spiClock is what the slowest of the controllers takes: the SH1106 needs 250 ns a bit (page 42).
const spiClock = 4 * physic.MegaHertz

// NewSPI returns a module on a four-wire SPI port. It sends nothing: the first Draw initializes the controller.
func NewSPI(p spi.Port, dc gpio.PinOut, o *Opts) (*Dev, error) {
	if dc == nil {
		return nil, errors.New(o.Chip + ": SPI needs a D/C pin")
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
	frame := image1bit.NewVerticalLSB(image.Rectangle{Max: m.size})
	return &Dev{module: m, bus: w, reset: o.Reset, frame: frame, ram: make([]byte, len(frame.Pix)), contrast: 0xcf}, nil
}

// String names the controller and its connection.
func (d *Dev) String() string { return d.module.chip + "{" + d.bus.conn.String() + "}" }

// ColorModel implements display.Drawer. It is black and white.
func (d *Dev) ColorModel() color.Model { return image1bit.BitModel }

// Bounds implements display.Drawer.
func (d *Dev) Bounds() image.Rectangle { return d.frame.Rect }

// Draw implements display.Drawer. It sends only what changed; after an error, a power loss that the status shows, Sleep or
// Halt it initializes the controller and sends the whole frame.
func (d *Dev) Draw(r image.Rectangle, src image.Image, sp image.Point) error {
	d.paint(r, src, sp)
	return d.attempt(d.show)
}

// attempt runs f. After an error the state of the controller is unknown.
func (d *Dev) attempt(f func() error) error {
	err := f()
	if err != nil {
		d.on = false
	}
	return err
}

func (d *Dev) show() error {
	if err := d.checkPower(); err != nil {
		return err
	}
	initialize := !d.on || !d.readable && time.Since(d.configured) >= renewEvery
	if initialize {
		if err := d.initialize(!d.on); err != nil {
			return err
		}
	}
	if err := d.update(); err != nil {
		return err
	}
	if initialize {
		return d.switchOn()
	}
	return nil
}

// checkPower reads the status: a controller that lost its power answers with its display off (SSD1306 table 9-2, page 33:
// D6).
func (d *Dev) checkPower() error {
	if !d.on || !d.readable {
		return nil
	}
	s, _, err := d.bus.status()
	if s&statusOff != 0 {
		d.on = false
	}
	return err
}

const statusOff = 1 << 6

// renewEvery is how often a controller whose status cannot be read is initialized while it works: it may have lost its power.
const renewEvery = time.Minute

// initialize resets the controller and sets its registers. Without dark it skips the reset and leaves the display on.
func (d *Dev) initialize(dark bool) error {
	if d.reset != nil && dark {
		for _, level := range []gpio.Level{gpio.High, gpio.Low, gpio.High} { // SSD1306 section 8.9: RES# low for at least 3 us
			if err := d.reset.Out(level); err != nil {
				return err
			}
			time.Sleep(time.Millisecond)
		}
	}
	d.stale = true
	return d.bus.command(d.module.init(d.contrast, dark)...)
}

// switchOn switches the display on once its RAM holds the frame, and finds out whether the status can be trusted: some
// clones answer with zeros or with D6 always set.
func (d *Dev) switchOn() error {
	if err := d.bus.command(0xaf); err != nil {
		return err
	}
	s, known, err := d.bus.status()
	d.readable = known && err == nil && s&statusOff == 0
	d.on, d.configured = true, time.Now()
	return nil
}

// Probe finds out whether the controller acknowledges: it initializes it with the display off.
func (d *Dev) Probe() error {
	d.on = false
	return d.initialize(true)
}

// SetContrast sets the brightness, 0 to 255; an SH1107 gets half of it. It outlives errors, Sleep and Halt.
func (d *Dev) SetContrast(level byte) error {
	d.contrast = level
	if !d.on {
		return nil
	}
	return d.attempt(func() error { return d.bus.command(0x81, d.module.level(level)) })
}

// Sleep switches the display off until the next Draw.
func (d *Dev) Sleep() error {
	d.on = false
	return d.bus.command(0xae)
}

// Halt implements conn.Resource. It switches the display off until the next Draw.
func (d *Dev) Halt() error { return d.Sleep() }
