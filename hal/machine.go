package hal

import (
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/spi"

	"github.com/paird/paird/hal/internal/linuxio"
)

// machine is the machine we run on.
type machine struct{}

func (machine) i2c(bus string) (i2c.BusCloser, error)   { return linuxio.OpenI2C(bus) }
func (machine) spi(port string) (spi.PortCloser, error) { return linuxio.OpenSPI(port) }
func (machine) pin(name string) (pin, error)            { return linuxio.OpenLine(name) }
