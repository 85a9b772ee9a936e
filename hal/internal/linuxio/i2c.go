//go:build linux

package linuxio

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
)

var _ i2c.BusCloser = (*I2C)(nil)

// From linux/i2c-dev.h and linux/i2c.h.
const (
	i2cRdwr = 0x0707 // I2C_RDWR
	i2cMRd  = 0x0001 // I2C_M_RD

	i2cLongest = 8192 // drivers/i2c/i2c-dev.c, i2cdev_ioctl_rdwr: "Limit the size of the message to a sane amount"
)

// i2cMsg is struct i2c_msg.
type i2cMsg struct {
	addr  uint16
	flags uint16
	len   uint16
	buf   unsafe.Pointer
}

// i2cRdwrData is struct i2c_rdwr_ioctl_data.
type i2cRdwrData struct {
	msgs  unsafe.Pointer
	nmsgs uint32
}

// I2C is a bus. It is safe for concurrent use.
type I2C struct {
	mu   sync.Mutex
	k    kernel
	fd   int
	name string
}

// OpenI2C opens a bus by name: "I2C1" is /dev/i2c-1.
func OpenI2C(bus string) (*I2C, error) { return openI2C(linux{}, bus) }

func openI2C(k kernel, bus string) (*I2C, error) {
	path, ok := I2CPath(bus)
	if !ok {
		return nil, fmt.Errorf("%q is not the name of an I2C bus, as I2C1", bus)
	}
	fd, err := k.open(path)
	if err != nil {
		return nil, explain(bus, path, "enable I2C (raspi-config, or dtparam=i2c_arm=on in config.txt and the module i2c-dev)", "i2c", err)
	}
	return &I2C{k: k, fd: fd, name: bus}, nil
}

// String is the bus's name.
func (b *I2C) String() string { return b.name }

// SetSpeed cannot be done through i2c-dev: the device tree says how fast a bus is.
func (b *I2C) SetSpeed(physic.Frequency) error { return errors.ErrUnsupported }

// Tx writes w to the device at the 7-bit address addr, then, without letting go of the bus, reads len(r)
// bytes. Either may be empty.
func (b *I2C) Tx(addr uint16, w, r []byte) error {
	if max(len(w), len(r)) > i2cLongest {
		return fmt.Errorf("%s: more than %d bytes in one message", b.name, i2cLongest)
	}
	var pin runtime.Pinner
	defer pin.Unpin()
	var msgs [2]i2cMsg
	n := uint32(0)
	for _, m := range []struct {
		flags uint16
		bytes []byte
	}{{0, w}, {i2cMRd, r}} {
		if len(m.bytes) > 0 {
			pin.Pin(&m.bytes[0])
			msgs[n] = i2cMsg{addr: addr, flags: m.flags, len: uint16(len(m.bytes)), buf: unsafe.Pointer(&m.bytes[0])}
			n++
		}
	}
	if n == 0 {
		return nil
	}
	pin.Pin(&msgs[0])
	data := i2cRdwrData{msgs: unsafe.Pointer(&msgs[0]), nmsgs: n}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.explain(addr, b.k.ioctl(b.fd, i2cRdwr, unsafe.Pointer(&data)))
}

// explain names the failure: the device did not answer, or the bus failed.
func (b *I2C) explain(addr uint16, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EREMOTEIO), errors.Is(err, unix.ENXIO), errors.Is(err, unix.EIO):
		return fmt.Errorf("%s: nothing answers at address 0x%02X; check wiring and address: %w", b.name, addr, err)
	case errors.Is(err, unix.ETIMEDOUT):
		return fmt.Errorf("%s: the bus is stuck; check SDA and SCL: %w", b.name, err)
	}
	return fmt.Errorf("%s: address 0x%02X: %w", b.name, addr, err)
}

// Close closes the bus.
func (b *I2C) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	fd := b.fd
	b.fd = -1 // the kernel may give the number to another file
	return b.k.close(fd)
}
