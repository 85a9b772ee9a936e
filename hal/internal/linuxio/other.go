//go:build !linux

package linuxio

import (
	"errors"
	"os"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/spi"
)

var errNeedsLinux = errors.New("this needs Linux")

// I2C is a bus.
type I2C struct{ i2c.BusCloser }

// OpenI2C fails: it needs Linux.
func OpenI2C(string) (*I2C, error) { return nil, errNeedsLinux }

// SPI is a device on a bus.
type SPI struct{ spi.PortCloser }

// OpenSPI fails: it needs Linux.
func OpenSPI(string) (*SPI, error) { return nil, errNeedsLinux }

// Line is one GPIO line.
type Line struct{ gpio.PinIO }

// OpenLine fails: it needs Linux.
func OpenLine(string) (*Line, error) { return nil, errNeedsLinux }

// Err and Close have nothing to do.
func (*Line) Err() error   { return nil }
func (*Line) Close() error { return nil }

// Keyboard reads a terminal key by key.
type Keyboard struct{ *os.File }

// IsTerminal is false: it needs Linux.
func IsTerminal(*os.File) bool { return false }

// OpenKeyboard fails: it needs Linux.
func OpenKeyboard() (*Keyboard, error) { return nil, errNeedsLinux }
