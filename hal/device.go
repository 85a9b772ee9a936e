package hal

import (
	"errors"
	"io"

	"github.com/paird/paird/hal/monoled"
	"github.com/paird/paird/hal/ssd16xx"
)

// Bus speeds. The slowest controller of each kind sets them: SH1106 allows 4 MHz (250 ns, page 42). E-paper takes 20 MHz,
// but comes on a ribbon or on wires.
const (
	oledHz  = 4_000_000
	paperHz = 4_000_000
)

// oled is a monoled.Panel with the buses and pins it holds.
type oled struct {
	*monoled.Panel
	held
}

// Full does nothing: an OLED has no refresh.
func (oled) Full() error { return nil }

// paper is an ssd16xx.Panel with the bus and pins it holds.
type paper struct {
	*ssd16xx.Panel
	held
}

// Contrast does nothing: paper has none.
func (paper) Contrast(uint8) error { return nil }

// held is what a device keeps open.
type held []io.Closer

// Close closes everything, last opened first.
func (h held) Close() error {
	var errs []error
	for i := len(h) - 1; i >= 0; i-- {
		errs = append(errs, h[i].Close())
	}
	return errors.Join(errs...)
}

// holder opens things and remembers them, so that all can be closed if one cannot be opened.
type holder struct {
	hw   hardware
	held held
}

func (h *holder) keep(c io.Closer, err error) error {
	if err == nil {
		h.held = append(h.held, c)
	}
	return err
}

func (h *holder) output(pin string, high bool) (outputPin, error) {
	p, err := h.hw.output(pin, high)
	return p, h.keep(p, err)
}

func (h *holder) input(pin string) (inputPin, error) {
	p, err := h.hw.input(pin)
	return p, h.keep(p, err)
}

func (h *holder) i2c(bus string) (i2cBus, error) {
	b, err := h.hw.i2c(bus)
	return b, h.keep(b, err)
}

func (h *holder) spi(bus string, hz uint32) (spiBus, error) {
	b, err := h.hw.spi(bus, hz)
	return b, h.keep(b, err)
}

// openDevice opens the bus and the pins that o names, and none if one of them fails.
func openDevice(hw hardware, p PanelInfo, o Options) (device, error) {
	h := &holder{hw: hw}
	open := openOLED
	if p.Paper {
		open = openPaper
	}
	d, err := open(h, p, o)
	if err != nil {
		return nil, errors.Join(err, h.held.Close())
	}
	return d, nil
}

func openOLED(h *holder, p PanelInfo, o Options) (device, error) {
	mo := monoled.Options{Chip: p.Name, Size: p.size(o), ColumnOffset: o.ColumnOffset}
	if name := o.Pins["reset"]; name != "" {
		pin, err := h.output(name, true)
		if err != nil {
			return nil, err
		}
		mo.Reset = pin
	}
	if i2cName.MatchString(o.Bus) {
		bus, err := h.i2c(o.Bus)
		if err != nil {
			return nil, err
		}
		panel, err := monoled.NewI2C(bus, o.Address, mo)
		return oled{panel, h.held}, err
	}
	dc, err := h.output(o.Pins["dc"], false)
	if err != nil {
		return nil, err
	}
	bus, err := h.spi(o.Bus, oledHz)
	if err != nil {
		return nil, err
	}
	panel, err := monoled.NewSPI(bus, dc, mo)
	return oled{panel, h.held}, err
}

func openPaper(h *holder, p PanelInfo, o Options) (device, error) {
	dc, err := h.output(o.Pins["dc"], false)
	if err != nil {
		return nil, err
	}
	reset, err := h.output(o.Pins["reset"], true)
	if err != nil {
		return nil, err
	}
	busy, err := h.input(o.Pins["busy"])
	if err != nil {
		return nil, err
	}
	bus, err := h.spi(o.Bus, paperHz)
	if err != nil {
		return nil, err
	}
	panel, err := ssd16xx.New(p.Name, ssd16xx.Wires{SPI: bus, DC: dc, Reset: reset, Busy: busy})
	return paper{panel, h.held}, err
}
