package hal

import (
	"io"
	"time"

	"github.com/paird/paird/hal/internal/linuxio"
)

// hardware opens buses and pins by name. The interfaces have the shape of periph's, so that it could serve too.
type hardware interface {
	i2c(bus string) (i2cBus, error)
	spi(bus string, hz uint32) (spiBus, error)
	output(pin string, high bool) (outputPin, error)
	input(pin string) (inputPin, error)
	button(pin string, activeLow bool) (inputPin, error)
}

type i2cBus interface {
	Tx(addr uint16, w, r []byte) error
	io.Closer
}

type spiBus interface {
	Tx(w, r []byte) error
	io.Closer
}

type outputPin interface {
	Out(high bool) error
	io.Closer
}

// inputPin is read as high or low, a button's as pressed or not.
type inputPin interface {
	Read() (bool, error)
	WaitEdge(deadline time.Time) (bool, error)
	io.Closer
}

// linuxHardware is the machine we run on.
type linuxHardware struct{}

func (linuxHardware) i2c(bus string) (i2cBus, error)            { return linuxio.OpenI2C(bus) }
func (linuxHardware) spi(bus string, hz uint32) (spiBus, error) { return linuxio.OpenSPI(bus, hz) }
func (linuxHardware) output(pin string, high bool) (outputPin, error) {
	return linuxio.Output(pin, high)
}
func (linuxHardware) input(pin string) (inputPin, error) { return linuxio.Input(pin) }
func (linuxHardware) button(pin string, activeLow bool) (inputPin, error) {
	return linuxio.Button(pin, activeLow)
}
