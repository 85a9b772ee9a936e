package hal

import (
	"io"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/spi"
)

// hardware opens buses and pins by the names of the configuration.
type hardware interface {
	i2c(bus string) (i2c.BusCloser, error)
	spi(port string) (spi.PortCloser, error)
	pin(name string) (pin, error)
}

// pin is a GPIO line, held until Close, which also ends WaitForEdge. Where gpio.PinIO has no error to return, Err tells
// the last one.
type pin interface {
	gpio.PinIO
	io.Closer
	Err() error
}
