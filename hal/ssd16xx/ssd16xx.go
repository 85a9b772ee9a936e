package ssd16xx

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"slices"

	"periph.io/x/conn/v3/display"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/spi"

	"github.com/paird/paird/hal/internal/epd"
)

// Opts describe a module.
type Opts struct {
	Module string // the Name of one of Modules
}

// Dev is an open handle to a module. Its methods must not be called concurrently.
type Dev struct {
	m     module
	bus   epd.Wires
	frame *image.Paletted // what the next Draw shows
	next  planes          // the frame as the two RAMs hold it
	shown planes          // what the paper shows; valid while known

	known    bool // the paper shows what shown says
	awake    bool // the controller is initialized
	synced   bool // both RAMs hold shown
	fullNext bool // the next refresh is a full one
}

// planes are the contents of the two RAMs: black and white (command 24h: 1 is white) and red (command 26h: 1 is red; on paper
// without red it holds the picture before).
type planes struct{ bw, red []byte }

// The indexes of the palette.
const (
	black uint8 = iota
	white
	red
)

// palette is the colours of a module, without the last one if the paper has no red.
func palette(accent bool) color.Palette {
	all := color.Palette{color.Black, color.White, color.RGBA{R: 0xff, A: 0xff}}
	if !accent {
		return all[:red]
	}
	return all
}

var _ display.Drawer = (*Dev)(nil)

// New returns a module on a four-wire SPI port. It sends nothing: the first Draw resets and initializes the controller.
func New(p spi.Port, dc, reset gpio.PinOut, busy gpio.PinIn, o *Opts) (*Dev, error) {
	all := modules()
	i := slices.IndexFunc(all, func(m module) bool { return m.Name == o.Module })
	if i < 0 {
		return nil, fmt.Errorf("ssd16xx: no module %q", o.Module)
	}
	w, err := epd.Connect(p, dc, reset, busy, gpio.Low)
	if err != nil {
		return nil, err
	}
	m := all[i]
	size := m.columns / 8 * m.rows
	return &Dev{m: m, bus: w, frame: image.NewPaletted(image.Rectangle{Max: m.Size}, palette(m.Accent)),
		next:  planes{make([]byte, size), make([]byte, size)},
		shown: planes{make([]byte, size), make([]byte, size)}}, nil
}

// String names the module and its connection.
func (d *Dev) String() string { return d.m.Name + "{" + d.bus.String() + "}" }

// ColorModel implements display.Drawer. It is black, white and, where the paper has it, red.
func (d *Dev) ColorModel() color.Model { return d.frame.Palette }

// Bounds implements display.Drawer. The module is in landscape.
func (d *Dev) Bounds() image.Rectangle { return d.frame.Rect }

// Full makes the next Draw a full refresh, also of a picture that is shown already.
func (d *Dev) Full() error {
	d.fullNext = true
	return nil
}

// Draw implements display.Drawer. It returns when the paper shows the picture: after 0.3 s for a partial refresh, 2 s for a
// full one, up to 30 s with red.
func (d *Dev) Draw(r image.Rectangle, src image.Image, sp image.Point) error {
	epd.Paint(d.frame, r, src, sp)
	d.pack()
	if d.known && !d.fullNext && d.next.equal(d.shown) {
		return nil
	}
	if err := d.refresh(); err != nil {
		d.known, d.awake = false, false
		return fmt.Errorf("%s: %w", d.m.Name, err)
	}
	copy(d.shown.bw, d.next.bw)
	copy(d.shown.red, d.next.red)
	d.known, d.fullNext = true, false
	return nil
}

func (a planes) equal(b planes) bool { return bytes.Equal(a.bw, b.bw) && bytes.Equal(a.red, b.red) }

// pack turns the frame into planes; RAM beside the glass stays white.
func (d *Dev) pack() {
	for i := range d.next.bw {
		d.next.bw[i], d.next.red[i] = 0xff, 0
	}
	for y := range d.m.Size.Y {
		for x, c := range d.frame.Pix[y*d.frame.Stride:][:d.m.Size.X] {
			if c == white {
				continue
			}
			column, row := d.m.address(x, y)
			at, bit := row*(d.m.columns/8)+column/8, byte(0x80)>>(column%8)
			if c == red {
				d.next.red[at] |= bit
			} else {
				d.next.bw[at] &^= bit
			}
		}
	}
}

// Probe finds out whether the controller releases BUSY after a reset.
func (d *Dev) Probe() error {
	if err := d.start(); err != nil {
		d.awake = false
		return fmt.Errorf("%s: %w", d.m.Name, err)
	}
	return nil
}

// Sleep puts the controller into deep sleep (command 10h); the paper keeps its picture. The next Draw ends it by a reset.
func (d *Dev) Sleep() error {
	if !d.awake {
		return nil
	}
	d.awake = false
	return d.bus.Command(0x10, 0x01)
}

// Halt implements conn.Resource. It puts the controller into deep sleep; the paper keeps its picture.
func (d *Dev) Halt() error { return d.Sleep() }
