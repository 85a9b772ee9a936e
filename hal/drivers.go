package hal

import (
	"image"
	"strings"

	"periph.io/x/conn/v3/display"
	"periph.io/x/conn/v3/gpio"

	"github.com/paird/paird/hal/monoled"
	"github.com/paird/paird/hal/ssd16xx"
)

// A Driver makes a panel that is hardware: anything that is a display.Drawer of periph's will do.
type Driver func(w *Wiring) (display.Drawer, error)

// physicalPanels lists the panels that are hardware, a row each. To add one is to add a row.
func physicalPanels() []PanelInfo {
	var all []PanelInfo
	for _, chip := range []string{"ssd1306", "ssd1309", "sh1106", "sh1107"} {
		all = append(all, PanelInfo{Name: chip, Sizes: monoled.Sizes(chip), Bus: "I2C or SPI", Open: openOLED(chip),
			Driver: strings.ToUpper(chip) + ", our own (hal/monoled)"})
	}
	for _, m := range ssd16xx.Modules() {
		driver := m.Chip + ", our own (hal/ssd16xx), full refresh only"
		if m.Partial {
			driver = m.Chip + ", our own (hal/ssd16xx), full and partial refresh"
		}
		all = append(all, PanelInfo{Name: m.Name, Sizes: []image.Point{m.Size}, Bus: "SPI", Paper: true, Accent: m.Accent, Open: openPaper(m.Name), Driver: driver})
	}
	return append(all, inkyWHATs()...)
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
			if err := reset.Out(gpio.High); err != nil {
				return nil, err
			}
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
	return func(w *Wiring) (display.Drawer, error) {
		pins, err := w.Pins("dc", "reset", "busy")
		if err != nil {
			return nil, err
		}
		port, err := w.SPI()
		if err != nil {
			return nil, err
		}
		return ssd16xx.New(port, pins[0], pins[1], pins[2], &ssd16xx.Opts{Module: module})
	}
}
