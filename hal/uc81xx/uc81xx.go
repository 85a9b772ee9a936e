package uc81xx

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"slices"
	"time"

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
	next  []byte          // the frame as the RAM holds it
	shown []byte          // what the paper shows; nil: not known
}

var _ display.Drawer = (*Dev)(nil)

// New returns a module on a four-wire SPI port. It sends nothing before the first Draw.
func New(p spi.Port, dc, reset gpio.PinOut, busy gpio.PinIn, o *Opts) (*Dev, error) {
	all := modules()
	i := slices.IndexFunc(all, func(m module) bool { return m.Name == o.Module })
	if i < 0 {
		return nil, fmt.Errorf("uc81xx: no module %q", o.Module)
	}
	w, err := epd.Connect(p, dc, reset, busy, gpio.High)
	if err != nil {
		return nil, err
	}
	m := all[i]
	inks := color.Palette{color.Black, color.White, color.RGBA{R: 0xff, A: 0xff}}
	return &Dev{m: m, bus: w, frame: image.NewPaletted(image.Rectangle{Max: m.Size}, inks), next: make([]byte, m.columns*m.rows*m.bits/8)}, nil
}

// String names the module and its connection.
func (d *Dev) String() string { return d.m.Name + "{" + d.bus.String() + "}" }

// ColorModel implements display.Drawer. It is black, white and red.
func (d *Dev) ColorModel() color.Model { return d.frame.Palette }

// Bounds implements display.Drawer. The module is in landscape.
func (d *Dev) Bounds() image.Rectangle { return d.frame.Rect }

// Full makes the next Draw a refresh also of a picture that is shown already.
func (d *Dev) Full() error {
	d.shown = nil
	return nil
}

// Draw implements display.Drawer. It returns when the paper shows the picture.
func (d *Dev) Draw(r image.Rectangle, src image.Image, sp image.Point) error {
	epd.Paint(d.frame, r, src, sp)
	d.pack()
	if bytes.Equal(d.next, d.shown) {
		return nil
	}
	d.shown = nil
	if err := d.refresh(); err != nil {
		return fmt.Errorf("%s: %w", d.m.Name, err)
	}
	d.shown = bytes.Clone(d.next)
	return nil
}

// pack turns the frame into the RAM's values, the first pixel in the highest bits. RAM beside the glass stays white.
func (d *Dev) pack() {
	perByte := 8 / d.m.bits
	fill := byte(0)
	for i := range perByte {
		fill |= d.m.inks[1] << (i * d.m.bits)
	}
	for i := range d.next {
		d.next[i] = fill
	}
	for y := range d.m.Size.Y {
		for x, c := range d.frame.Pix[y*d.frame.Stride:][:d.m.Size.X] {
			column, row := d.m.address(x, y)
			at := row*d.m.columns + column
			shift := 8 - d.m.bits*(1+at%perByte)
			mask := byte(1<<d.m.bits-1) << shift
			d.next[at/perByte] = d.next[at/perByte]&^mask | d.m.inks[c]<<shift
		}
	}
}

// The commands that all of the controllers share.
const (
	powerOff  = 0x02
	powerOn   = 0x04
	deepSleep = 0x07
	transmit  = 0x10
	refresh   = 0x12
)

// powerLimit is how long power may take to come up or to fall.
const powerLimit = 2 * time.Second

func (d *Dev) refresh() error {
	if err := d.start(); err != nil {
		return err
	}
	if err := d.bus.Command(transmit, d.next...); err != nil {
		return err
	}
	if err := d.bus.Command(powerOn); err != nil {
		return err
	}
	if err := d.bus.Idle(powerLimit); err != nil {
		return err
	}
	if err := d.bus.Commands(d.m.powered); err != nil {
		return err
	}
	if err := d.bus.Command(refresh, d.m.argument...); err != nil {
		return err
	}
	if err := d.bus.Done(refreshLimit); err != nil {
		return err
	}
	return d.stop()
}

// start resets the controller and sets its registers.
func (d *Dev) start() error {
	for range max(1, d.m.resets) {
		if err := d.bus.Reset(d.m.reset); err != nil {
			return err
		}
	}
	return d.bus.Commands(d.m.init)
}

// stop switches the power of the paper off; some controllers go into deep sleep. The next Draw resets them.
func (d *Dev) stop() error {
	if err := d.bus.Command(powerOff, d.m.argument...); err != nil {
		return err
	}
	if err := d.bus.Idle(powerLimit); err != nil {
		return err
	}
	return d.bus.Commands(d.m.after)
}

// Probe finds out whether the controller releases BUSY after a reset.
func (d *Dev) Probe() error {
	if err := d.bus.Reset(d.m.reset); err != nil {
		return fmt.Errorf("%s: %w", d.m.Name, err)
	}
	return nil
}

// Sleep has nothing to do: each Draw ends with the power off.
func (d *Dev) Sleep() error { return nil }

// Halt implements conn.Resource. The paper keeps its picture.
func (d *Dev) Halt() error { return nil }
