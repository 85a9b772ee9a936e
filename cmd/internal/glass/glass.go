// Package glass is a board whose panel is a register-level model: hal opens it as it opens a machine's hardware.
package glass

import (
	"fmt"
	"image"
	"slices"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/spi"

	"github.com/paird/paird/hal"
	"github.com/paird/paird/hal/bustest"
)

// Address of an OLED on I2C.
const Address = 0x3c

// Model is the model of a panel on its wires.
type Model interface {
	SPI() spi.PortCloser
	DC() bustest.Pin
	Reset() bustest.Pin
	Image() *image.Gray // as a person sees it
	Violations() []string
}

// Glass is a board with a panel on "I2C1" or "SPI0.0", its D/C, RES#, BUSY and power at the lines "dc", "reset", "busy" and "power".
type Glass struct {
	Model
	OLED  *bustest.OLED        // nil on a board with e-paper
	Paper *bustest.EPaper      // nil but for SSD16xx
	Inks  *bustest.ColourPaper // nil but for UC81xx
}

// New returns a board with a panel of hal's table. A refresh of its paper takes that long; 0: as its datasheet says.
func New(panel string, size image.Point, refresh time.Duration) (*Glass, error) {
	if s, ok := bustest.Sheets()[panel]; ok {
		s.Full = orDatasheet(panel, refresh)
		m := bustest.NewEPaper(s, true)
		return &Glass{Model: m, Paper: m}, nil
	}
	if s, ok := bustest.ColourSheets()[panel]; ok {
		s.Full = orDatasheet(panel, refresh)
		m := bustest.NewColourPaper(s, true)
		return &Glass{Model: m, Inks: m}, nil
	}
	all := bustest.Glasses()
	i := slices.IndexFunc(all, func(g bustest.Glass) bool { return string(g.Chip) == panel && g.Size == size })
	if i < 0 {
		return nil, fmt.Errorf("there is no model of a panel %q with %dx%d pixels", panel, size.X, size.Y)
	}
	m := bustest.NewOLED(all[i], Address, true)
	return &Glass{Model: m, OLED: m}, nil
}

func orDatasheet(panel string, refresh time.Duration) time.Duration {
	for _, p := range hal.Panels() {
		if p.Name == panel && refresh == 0 {
			return p.Refresh
		}
	}
	return refresh
}

// Options opens the board's panel.
func (g *Glass) Options(p hal.PanelInfo, size image.Point) hal.Options {
	o := hal.Options{Panel: p.Name, Size: size, Bus: "SPI0.0", ColumnOffset: -1, Pins: map[string]string{"dc": "dc", "reset": "reset"}, Hardware: g}
	switch {
	case p.Paper:
		o.Pins["busy"] = "busy"
	case g.OLED != nil:
		o.Bus, o.Address, o.Pins = "I2C1", Address, nil
	}
	return o
}

// I2C implements hal.Hardware.
func (g *Glass) I2C(string) (i2c.BusCloser, error) {
	if g.OLED == nil {
		return nil, fmt.Errorf("this board has no I2C bus")
	}
	return g.OLED, nil
}

// SPI implements hal.Hardware.
func (g *Glass) SPI(string) (spi.PortCloser, error) { return g.Model.SPI(), nil }

// Line implements hal.Hardware.
func (g *Glass) Line(name string) (hal.Line, error) {
	switch name {
	case "dc":
		return line{g.DC()}, nil
	case "reset":
		return line{g.Reset()}, nil
	case "busy":
		return line{g.busy()}, nil
	}
	return nil, fmt.Errorf("this board has no line %q", name)
}

// Refreshes is how often the paper was refreshed.
func (g *Glass) Refreshes() int {
	switch {
	case g.Paper != nil:
		full, partial := g.Paper.Refreshes()
		return full + partial
	case g.Inks != nil:
		return g.Inks.Refreshes()
	}
	return 0
}

func (g *Glass) busy() gpio.PinIO {
	switch {
	case g.Paper != nil:
		return g.Paper.Busy()
	case g.Inks != nil:
		return g.Inks.Busy()
	}
	return gpio.INVALID
}

// line is a pin of a model.
type line struct{ gpio.PinIO }

func (line) Close() error { return nil }
func (line) Err() error   { return nil }
