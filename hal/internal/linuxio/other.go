//go:build !linux

package linuxio

import (
	"errors"
	"os"
	"time"
)

var errNeedsLinux = errors.New("this needs Linux")

// I2C is a bus.
type I2C struct{}

// OpenI2C fails: it needs Linux.
func OpenI2C(string) (*I2C, error) { return nil, errNeedsLinux }

// Tx fails: it needs Linux.
func (*I2C) Tx(uint16, []byte, []byte) error { return errNeedsLinux }

// Close does nothing.
func (*I2C) Close() error { return nil }

// SPI is a device on a bus.
type SPI struct{}

// OpenSPI fails: it needs Linux.
func OpenSPI(string, uint32) (*SPI, error) { return nil, errNeedsLinux }

// Tx fails: it needs Linux.
func (*SPI) Tx([]byte, []byte) error { return errNeedsLinux }

// Close does nothing.
func (*SPI) Close() error { return nil }

// Line is one GPIO line.
type Line struct{}

// Output fails: it needs Linux.
func Output(string, bool) (*Line, error) { return nil, errNeedsLinux }

// Input fails: it needs Linux.
func Input(string) (*Line, error) { return nil, errNeedsLinux }

// Button fails: it needs Linux.
func Button(string, bool) (*Line, error) { return nil, errNeedsLinux }

// Out fails: it needs Linux.
func (*Line) Out(bool) error { return errNeedsLinux }

// Read fails: it needs Linux.
func (*Line) Read() (bool, error) { return false, errNeedsLinux }

// WaitEdge fails: it needs Linux.
func (*Line) WaitEdge(time.Time) (bool, error) { return false, errNeedsLinux }

// Close does nothing.
func (*Line) Close() error { return nil }

// Keyboard reads a terminal key by key.
type Keyboard struct{ *os.File }

// IsTerminal is false: it needs Linux.
func IsTerminal(*os.File) bool { return false }

// OpenKeyboard fails: it needs Linux.
func OpenKeyboard() (*Keyboard, error) { return nil, errNeedsLinux }
