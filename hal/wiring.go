package hal

import (
	"errors"
	"fmt"
	"io"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/spi"
)

// Wiring is what a panel hangs on, by the names of the configuration. All that is taken from it is closed with the panel.
type Wiring struct {
	hw   hardware
	o    Options
	held []io.Closer
}

// Options are the configuration's.
func (w *Wiring) Options() Options { return w.o }

// I2C opens the bus and tells the panel's address.
func (w *Wiring) I2C() (i2c.Bus, uint16, error) {
	b, err := w.hw.i2c(w.o.Bus)
	return b, w.o.Address, w.keep(b, err)
}

// OnI2C tells whether the panel hangs on I2C rather than SPI.
func (w *Wiring) OnI2C() bool { return i2cName.MatchString(w.o.Bus) }

// SPI opens the port.
func (w *Wiring) SPI() (spi.Port, error) {
	p, err := w.hw.spi(w.o.Bus)
	return p, w.keep(p, err)
}

// Pin takes the pin that plays a role: dc, reset or busy. It is nil, with no error, where the configuration names none.
func (w *Wiring) Pin(role string) (gpio.PinIO, error) {
	name := w.o.Pins[role]
	if name == "" {
		return nil, nil
	}
	p, err := w.hw.pin(name)
	return p, w.keep(p, err)
}

// Pins takes several that must be there.
func (w *Wiring) Pins(roles ...string) ([]gpio.PinIO, error) {
	var all []gpio.PinIO
	for _, role := range roles {
		p, err := w.Pin(role)
		if err == nil && p == nil {
			err = fmt.Errorf("display.pins: no %s pin", role)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

func (w *Wiring) keep(c io.Closer, err error) error {
	if err == nil {
		w.held = append(w.held, c)
	}
	return err
}

// Close closes everything, last opened first.
func (w *Wiring) Close() error {
	var errs []error
	for i := len(w.held) - 1; i >= 0; i-- {
		errs = append(errs, w.held[i].Close())
	}
	w.held = nil
	return errors.Join(errs...)
}
