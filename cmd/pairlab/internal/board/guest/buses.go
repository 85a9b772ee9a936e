//go:build linux

package main

import (
	"sync"
	"syscall"

	"periph.io/x/conn/v3/i2c"
)

// A line on which nothing moves while it is held: a bus whose clock a device holds low.
type line struct {
	sync.Mutex
	held bool
}

func (l *line) hold(held bool) {
	if held == l.held {
		return
	}
	if l.held = held; held {
		l.Lock()
	} else {
		l.Unlock()
	}
}

// wait returns once the line is free.
func (l *line) wait() {
	l.Lock()
	defer l.Unlock()
}

// An i2cBus is /dev/i2c-N. Each of its devices refuses addresses that are not its own.
type i2cBus struct {
	*line
	devices []i2c.Bus
}

// From linux/i2c-dev.h and linux/i2c.h.
const (
	i2cRdwr = 0x0707 // I2C_RDWR
	i2cRead = 1      // I2C_M_RD
)

// ioctl answers I2C_RDWR with a write, a read, or a write and a read: all that Tx of an i2c.Bus knows.
func (b i2cBus) ioctl(c *call) syscall.Errno {
	if c.request != i2cRdwr {
		return syscall.ENOTTY
	}
	msgs, count := b.messages(c)
	var addr uint16
	var w []byte
	n := uint64(0)
	for i := range count {
		m := message(msgs, i, c.compat)
		if addr = m.addr; m.flags&i2cRead != 0 {
			n = m.size
			c.room(m.base, n)
		} else {
			w = c.read(m.base, m.size)
		}
	}
	if c.missing {
		return 0
	}
	b.wait()
	r := make([]byte, n)
	if err := b.tx(addr, w, r); err != nil {
		return syscall.EREMOTEIO // what the Pi's driver answers where no device acknowledges
	}
	c.out, c.result = r, uint32(count)
	return 0
}

// messages are the elements of struct i2c_rdwr_ioctl_data; none while they are missing.
func (b i2cBus) messages(c *call) (msgs []byte, count int) {
	var base uint64
	if c.compat {
		d := c.read(c.arg, 8)
		if c.missing {
			return nil, 0
		}
		base, count = uint64(le.Uint32(d)), int(le.Uint32(d[4:]))
	} else {
		d := c.read(c.arg, 16)
		if c.missing {
			return nil, 0
		}
		base, count = le.Uint64(d), int(le.Uint32(d[8:]))
	}
	msgs = c.read(base, uint64(count)*messageSize(c.compat))
	if c.missing {
		return nil, 0
	}
	return msgs, count
}

// msg is struct i2c_msg.
type msg struct {
	addr, flags uint16
	base, size  uint64
}

func messageSize(compat bool) uint64 {
	if compat {
		return 12
	}
	return 16
}

func message(msgs []byte, i int, compat bool) msg {
	b := msgs[uint64(i)*messageSize(compat):]
	m := msg{addr: le.Uint16(b), flags: le.Uint16(b[2:]), size: uint64(le.Uint16(b[4:]))}
	if compat {
		m.base = uint64(le.Uint32(b[8:]))
	} else {
		m.base = le.Uint64(b[8:])
	}
	return m
}

func (b i2cBus) tx(addr uint16, w, r []byte) (err error) {
	err = syscall.EREMOTEIO
	for _, d := range b.devices {
		if err = d.Tx(addr, w, r); err == nil {
			return nil
		}
	}
	return err
}

// From linux/spi/spidev.h.
const (
	spiMagic    = 'k'
	spiTransfer = 32   // the size of struct spi_ioc_transfer
	spiLongest  = 4096 // bufsiz of the module
)

// A spiPort is /dev/spidevB.C.
type spiPort struct {
	*line
	tx func(w, r []byte) error
}

// ioctl takes mode, bits and clock as they come, and answers SPI_IOC_MESSAGE(1).
func (p spiPort) ioctl(c *call) syscall.Errno {
	kind, number, size := c.request>>8&0xff, c.request&0xff, uint64(c.request>>16&0x3fff)
	switch {
	case kind != spiMagic || number == 0 && size != spiTransfer:
		return syscall.ENOTTY
	case number != 0:
		c.read(c.arg, size)
		return 0
	}
	t := c.read(c.arg, spiTransfer)
	if c.missing {
		return 0
	}
	tx, rx, n := le.Uint64(t), le.Uint64(t[8:]), uint64(le.Uint32(t[16:]))
	if n > spiLongest {
		return syscall.EMSGSIZE
	}
	w, r := c.read(tx, n), []byte(nil)
	if rx != 0 {
		c.room(rx, n)
		r = make([]byte, n)
	}
	if c.missing {
		return 0
	}
	p.wait()
	if err := p.tx(w, r); err != nil {
		return syscall.EIO
	}
	c.out, c.result = r, uint32(n)
	return 0
}
