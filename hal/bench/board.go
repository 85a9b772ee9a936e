package bench

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

// Board is a board with a panel on "I2C1" or "SPI0.0", its D/C, RES#, BUSY and power at the lines "dc", "reset", "busy" and "power".
type Board struct {
	Model
	OLED  *bustest.OLED        // nil on a board with e-paper
	Paper *bustest.EPaper      // nil but for SSD16xx
	Inks  *bustest.ColourPaper // nil but for UC81xx
}

// New returns a board with a panel of hal's table. A refresh of its paper takes that long; 0: as its datasheet says.
func New(panel string, size image.Point, refresh time.Duration) (*Board, error) {
	if s, ok := bustest.Sheets()[panel]; ok {
		s.Full = orDatasheet(panel, refresh)
		m := bustest.NewEPaper(s, true)
		return &Board{Model: m, Paper: m}, nil
	}
	if s, ok := bustest.ColourSheets()[panel]; ok {
		s.Full = orDatasheet(panel, refresh)
		m := bustest.NewColourPaper(s, true)
		return &Board{Model: m, Inks: m}, nil
	}
	all := bustest.Glasses()
	i := slices.IndexFunc(all, func(g bustest.Glass) bool { return string(g.Chip) == panel && g.Size == size })
	if i < 0 {
		return nil, fmt.Errorf("there is no model of a panel %q with %dx%d pixels", panel, size.X, size.Y)
	}
	m := bustest.NewOLED(all[i], Address, true)
	return &Board{Model: m, OLED: m}, nil
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
func (b *Board) Options(p hal.PanelInfo, size image.Point) hal.Options {
	o := hal.Options{Panel: p.Name, Size: size, Bus: "SPI0.0", ColumnOffset: -1, Pins: map[string]string{"dc": "dc", "reset": "reset"}, Hardware: b}
	switch {
	case p.Paper:
		o.Pins["busy"] = "busy"
	case b.OLED != nil:
		o.Bus, o.Address, o.Pins = "I2C1", Address, nil
	}
	return o
}

// I2C implements hal.Hardware.
func (b *Board) I2C(string) (i2c.BusCloser, error) {
	if b.OLED == nil {
		return nil, fmt.Errorf("this board has no I2C bus")
	}
	return b.OLED, nil
}

// SPI implements hal.Hardware.
func (b *Board) SPI(string) (spi.PortCloser, error) { return b.Model.SPI(), nil }

// Line implements hal.Hardware.
func (b *Board) Line(name string) (hal.Line, error) {
	switch name {
	case "dc":
		return line{b.DC()}, nil
	case "reset":
		return line{b.Reset()}, nil
	case "busy":
		return line{b.busy()}, nil
	}
	return nil, fmt.Errorf("this board has no line %q", name)
}

// Refreshes is how often the paper was refreshed.
func (b *Board) Refreshes() int {
	switch {
	case b.Paper != nil:
		full, partial := b.Paper.Refreshes()
		return full + partial
	case b.Inks != nil:
		return b.Inks.Refreshes()
	}
	return 0
}

func (b *Board) busy() gpio.PinIO {
	switch {
	case b.Paper != nil:
		return b.Paper.Busy()
	case b.Inks != nil:
		return b.Inks.Busy()
	}
	return gpio.INVALID
}

// line is a pin of a model.
type line struct{ gpio.PinIO }

func (line) Close() error { return nil }
func (line) Err() error   { return nil }
