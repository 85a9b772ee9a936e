package hal

import (
	"cmp"
	"image"
	"slices"
	"strings"
	"time"

	"periph.io/x/conn/v3/display"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/spi"

	"github.com/paird/paird/hal/monoled"
	"github.com/paird/paird/hal/ssd16xx"
	"github.com/paird/paird/hal/uc81xx"
)

// PanelInfo is a row of the table of panels: one value of display.panel.
type PanelInfo struct {
	Name       string
	Sizes      []image.Point // in pixels, landscape; the first is the default; none: any size
	Bus        string        // "I2C or SPI", "SPI", "" for a panel without a bus
	Paper      bool          // e-paper
	Accent     bool          // e-paper with a third colour
	Partial    bool          // e-paper that can refresh in part, without flashing
	Refresh    time.Duration // what a full refresh of e-paper takes, by its datasheet
	Controller string        // as its datasheet spells it
	Driver     string        // the package that drives it
	Open       Driver        // nil for none, sim, terminal and png
}

// Limits of a panel that has no size of its own.
const minSide, maxSide = 8, 1024

// Panels lists every panel, in the order of the documents.
func Panels() []PanelInfo {
	all := []PanelInfo{
		{Name: "none", Driver: "no panel"},
		{Name: "sim", Driver: "a web page on loopback"},
		{Name: "terminal", Driver: "half blocks on a terminal"},
		{Name: "png", Driver: "a file, replaced atomically"},
	}
	return append(all, physicalPanels()...)
}

// find returns the panel that o names.
func find(o Options) (PanelInfo, bool) {
	name := cmp.Or(o.Panel, "none")
	all := slices.Concat(Panels(), o.More)
	i := slices.IndexFunc(all, func(p PanelInfo) bool { return p.Name == name })
	if i < 0 {
		return PanelInfo{}, false
	}
	return all[i], true
}

// names lists all panels for an error message.
func names(o Options) string {
	var n []string
	for _, p := range slices.Concat(Panels(), o.More) {
		n = append(n, p.Name)
	}
	return strings.Join(n, ", ")
}

// usualSize is the default of display.size. A panel that has no such size uses its own.
func usualSize() image.Point { return image.Pt(128, 64) }

// Size is what the panel is used at, in pixels: the size that the configuration sets, or the panel's own if it has no such size.
func (p PanelInfo) Size(set image.Point) image.Point {
	switch {
	case slices.Contains(p.Sizes, set), len(p.Sizes) == 0 && set != (image.Point{}):
		return set
	case len(p.Sizes) > 0:
		return p.Sizes[0]
	}
	return usualSize()
}

// view is the panel's size as its reader sees it.
func view(size image.Point, rotate int) image.Point {
	if rotate%180 != 0 {
		return image.Pt(size.Y, size.X)
	}
	return size
}

// A Driver opens a panel that is hardware. Any display.Drawer of periph's is a panel; if it has Full, SetContrast, Sleep or
// Probe, they are used.
type Driver func(w *Wiring) (display.Drawer, error)

// physicalPanels lists the panels that are hardware, one row each.
func physicalPanels() []PanelInfo {
	var all []PanelInfo
	for _, chip := range monoled.Chips() {
		all = append(all, PanelInfo{Name: chip, Sizes: monoled.Sizes(chip), Bus: "I2C or SPI", Controller: strings.ToUpper(chip),
			Driver: "monoled", Open: openOLED(chip)})
	}
	for _, m := range ssd16xx.Modules() {
		all = append(all, PanelInfo{Name: m.Name, Sizes: []image.Point{m.Size}, Bus: "SPI", Paper: true, Accent: m.Accent, Partial: m.Partial,
			Refresh: m.Refresh, Controller: m.Chip, Driver: "ssd16xx", Open: openPaper(m.Name)})
	}
	for _, m := range uc81xx.Modules() {
		all = append(all, PanelInfo{Name: m.Name, Sizes: []image.Point{m.Size}, Bus: "SPI", Paper: true, Accent: true, Refresh: m.Refresh,
			Controller: m.Chip, Driver: "uc81xx", Open: openColour(m.Name)})
	}
	return append(all, anyInky())
}

func openOLED(chip string) Driver {
	return func(w *Wiring) (display.Drawer, error) {
		o := &monoled.Opts{Chip: chip, Size: w.o.Size, ColumnOffset: w.o.ColumnOffset}
		reset, err := w.Pin("reset")
		if err != nil {
			return nil, err
		}
		if reset != nil {
			o.Reset = reset
		}
		if w.OnI2C() {
			bus, addr, err := w.I2C()
			if err != nil {
				return nil, err
			}
			return monoled.NewI2C(bus, addr, o)
		}
		pins, err := w.Pins("dc")
		if err != nil {
			return nil, err
		}
		port, err := w.SPI()
		if err != nil {
			return nil, err
		}
		return monoled.NewSPI(port, pins[0], o)
	}
}

func openPaper(module string) Driver {
	return onSPI(func(port spi.Port, dc, reset, busy gpio.PinIO) (display.Drawer, error) {
		return ssd16xx.New(port, dc, reset, busy, &ssd16xx.Opts{Module: module})
	})
}

func openColour(module string) Driver {
	return onSPI(func(port spi.Port, dc, reset, busy gpio.PinIO) (display.Drawer, error) {
		return uc81xx.New(port, dc, reset, busy, &uc81xx.Opts{Module: module})
	})
}

// onSPI opens the port and the pins of e-paper.
func onSPI(open func(port spi.Port, dc, reset, busy gpio.PinIO) (display.Drawer, error)) Driver {
	return func(w *Wiring) (display.Drawer, error) {
		pins, err := w.Pins("dc", "reset", "busy")
		if err != nil {
			return nil, err
		}
		port, err := w.SPI()
		if err != nil {
			return nil, err
		}
		return open(port, pins[0], pins[1], pins[2])
	}
}
