package hal

import (
	"bytes"
	"errors"
	"image"
	"time"

	"periph.io/x/conn/v3/display"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/devices/v3/inky"
)

// inkyWHATs are Pimoroni's 400 x 300 papers, by periph's driver. Of its other models the pHAT is ours (partial pictures,
// errors), the SSD1608 pHAT gets no pixels from it, the Impressions get their resolution in the wrong byte order.
func inkyWHATs() []PanelInfo {
	row := func(name string, c inky.Color) PanelInfo {
		o := inky.Opts{Model: inky.WHAT, ModelColor: c, BorderColor: inky.White, Width: 400, Height: 300}
		return PanelInfo{Name: name, Sizes: []image.Point{{X: 400, Y: 300}}, Bus: "SPI", Paper: true, Accent: c != inky.Black,
			Open: openInky(o, inkyLimit), Driver: "periph's inky, full refresh only"}
	}
	return []PanelInfo{row("inkywhat", inky.Red), row("inkywhatblack", inky.Black)}
}

// inkyLimit is how long a refresh may take; with red it takes half a minute.
const inkyLimit = time.Minute

func openInky(o inky.Opts, limit time.Duration) Driver {
	return func(w *Wiring) (display.Drawer, error) {
		pins, err := w.Pins("dc", "reset", "busy")
		if err != nil {
			return nil, err
		}
		port, err := w.SPI()
		if err != nil {
			return nil, err
		}
		busy := &busyPin{PinIO: pins[2], idle: gpio.Low, limit: limit}
		d, err := inky.New(port, pins[0], pins[1], busy, &o)
		return &punctual{Drawer: d, busy: busy}, err
	}
}

// punctual is a driver that says when BUSY stuck, and that does not refresh paper which shows the picture already: that
// flashes for half a minute.
type punctual struct {
	display.Drawer
	busy  *busyPin
	shown []byte // nil: not known
}

// Draw implements display.Drawer.
func (p *punctual) Draw(r image.Rectangle, src image.Image, sp image.Point) error {
	m, ok := src.(*image.Paletted)
	if ok && p.shown != nil && bytes.Equal(m.Pix, p.shown) {
		return nil
	}
	p.shown = nil
	if err := errors.Join(p.Drawer.Draw(r, src, sp), p.busy.late()); err != nil || !ok {
		return err
	}
	p.shown = bytes.Clone(m.Pix)
	return nil
}

// Full makes the next Draw refresh the paper in any case.
func (p *punctual) Full() error {
	p.shown = nil
	return nil
}
