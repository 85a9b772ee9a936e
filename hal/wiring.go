package hal

import (
	"errors"
	"fmt"
	"io"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/spi"

	"github.com/paird/paird/hal/internal/linuxio"
)

// Wiring opens the bus and the pins that the configuration names for a panel. They are closed with the panel.
type Wiring struct {
	hw   Hardware
	o    Options
	held []io.Closer
}

// Options are those of Open, with the panel's size.
func (w *Wiring) Options() Options { return w.o }

// I2C opens the bus and returns it with the panel's address.
func (w *Wiring) I2C() (i2c.Bus, uint16, error) {
	b, err := w.hw.I2C(w.o.Bus)
	return b, w.o.Address, w.keep(b, err)
}

// OnI2C reports whether the panel's bus is an I2C bus.
func (w *Wiring) OnI2C() bool { return isI2C(w.o.Bus) }

// SPI opens the port.
func (w *Wiring) SPI() (spi.Port, error) {
	p, err := w.hw.SPI(w.o.Bus)
	return p, w.keep(p, err)
}

// Pin opens the pin of a role: dc, reset, busy or power. It is nil, with no error, where the configuration names none.
func (w *Wiring) Pin(role string) (gpio.PinIO, error) {
	name := w.o.Pins[role]
	if name == "" {
		return nil, nil
	}
	p, err := w.hw.Line(name)
	return p, w.keep(p, err)
}

// Pins opens the pins of several roles, all of which the configuration must name.
func (w *Wiring) Pins(roles ...string) ([]gpio.PinIO, error) {
	var all []gpio.PinIO
	for _, role := range roles {
		p, err := w.Pin(role)
		if err == nil && p == nil {
			err = fmt.Errorf("display.pins: %s: is missing", role)
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

// Hardware opens buses and lines by the names of the configuration.
type Hardware interface {
	I2C(bus string) (i2c.BusCloser, error)
	SPI(port string) (spi.PortCloser, error)
	Line(name string) (Line, error)
}

// Line is a GPIO line, held until Close, which also ends WaitForEdge. Err is the error of the last Read or WaitForEdge, which
// cannot return one.
type Line interface {
	gpio.PinIO
	io.Closer
	Err() error
}

// Machine is this machine's hardware, by Linux's character devices.
type Machine struct{}

// I2C opens a bus, such as "I2C1".
func (Machine) I2C(bus string) (i2c.BusCloser, error) { return linuxio.OpenI2C(bus) }

// SPI opens a port, such as "SPI0.0".
func (Machine) SPI(port string) (spi.PortCloser, error) { return linuxio.OpenSPI(port) }

// Line opens a line, such as "GPIO17".
func (Machine) Line(name string) (Line, error) { return linuxio.OpenLine(name) }
