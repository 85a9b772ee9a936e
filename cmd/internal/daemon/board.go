package daemon

import (
	"io"
	"log/slog"
	"slices"
	"strconv"

	"github.com/paird/paird/config"
	"github.com/paird/paird/display"
	"github.com/paird/paird/hal"
)

// Hardware is the board of cfg in the terms of hal.
func Hardware(cfg config.Config, name string, terminal io.Writer, log *slog.Logger) hal.Options {
	d := cfg.Display
	o := hal.Options{
		Board: d.Board, Panel: d.Panel, Bus: d.Bus, Address: uint16(d.Address), ColumnOffset: d.ColumnOffset, Pins: d.Pins,
		Rotate: d.Rotate, SimPanel: cfg.Sim.Panel, SimListen: cfg.Sim.Listen, SimOpen: cfg.Sim.Open, PNGFile: cfg.PNG.File,
		ButtonPin: cfg.Button.Pin, ActiveLow: cfg.Button.ActiveLow, LEDPin: cfg.LED.Pin,
		Name: name, Terminal: terminal, EncodePNG: display.EncodePNG, Log: log,
	}
	if drawn := slices.Contains([]string{"png", "sim", "terminal"}, d.Panel); drawn || cfg.IsSet("display.size") {
		o.Size = d.Size // hardware knows its own; the key only chooses between sizes of one controller
	}
	return o
}

// WithBoard is cfg with what its display.board sets.
func WithBoard(cfg config.Config) config.Config {
	b, ok := hal.FindBoard(cfg.Display.Board)
	if !ok {
		return cfg
	}
	values := map[string]any{"display.panel": b.Panel, "display.bus": b.Bus}
	if b.Size != "" {
		values["display.size"] = b.Size
	}
	if len(b.Pins) > 0 {
		pins := map[string]any{}
		for role, pin := range b.Pins {
			pins[role] = pin
		}
		values["display.pins"] = pins
	}
	if b.Rotate != 0 {
		values["display.rotate"] = int64(b.Rotate)
	}
	if b.Button != "" {
		values["button.pin"] = b.Button
	}
	cfg.Preset("board "+b.Name, values)
	return cfg
}

// Geometry is what display must know of the board's panel.
func Geometry(cfg config.Config, b *hal.Board) display.Geometry {
	size := b.Panel.Bounds().Size()
	whole := b.Refresh > 0 && !b.Partial
	return display.Geometry{Width: size.X, Height: size.Y, Paper: b.Paper, Whole: whole, Accent: b.Accent, Language: cfg.Display.Language}
}

func sizeText(w, h int) string { return strconv.Itoa(w) + "x" + strconv.Itoa(h) }
