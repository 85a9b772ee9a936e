//go:build linux

package main

import (
	"bytes"
	"syscall"
	"testing"

	"periph.io/x/conn/v3/i2c"

	"github.com/paird/paird/hal/bustest"
)

// program is the memory of a program, which the kernel reads and writes where a handler asks for it.
type program map[uint64][]byte

// ioctl does what fs/fuse/ioctl.c does: it calls the handler again with what it asked for, until nothing is missing.
func (p program) ioctl(t *testing.T, handle func(*call) syscall.Errno, request uint32, arg uint64, compat bool) (uint32, syscall.Errno) {
	t.Helper()
	var reads, rooms []area
	for range 10 {
		c := &call{request: request, arg: arg, compat: compat}
		for _, a := range reads {
			c.have = append(c.have, p[a.base][:a.size]...)
		}
		for _, a := range rooms {
			c.space += a.size
		}
		errno := handle(c)
		if errno != 0 || !c.missing {
			for out := c.out; len(rooms) > 0 && errno == 0; rooms = rooms[1:] {
				out = out[copy(p[rooms[0].base][:rooms[0].size], out):]
			}
			return c.result, errno
		}
		reads, rooms = c.reads, c.rooms
	}
	t.Fatal("the handler never has enough")
	return 0, 0
}

// A write and a read of one I2C_RDWR, from a 64-bit and from a 32-bit program, reach the device and come back.
func TestI2CFromPrograms(t *testing.T) {
	bus := i2cBus{line: &line{}, devices: []i2c.Bus{bustest.NewBME280(0x76)}}
	for _, compat := range []bool{false, true} {
		word := func(b []byte, v uint64) []byte {
			if compat {
				return le.AppendUint32(b, uint32(v))
			}
			return le.AppendUint64(b, v)
		}
		message := func(b []byte, addr, flags, size uint16, buf uint64) []byte {
			for _, v := range []uint16{addr, flags, size} {
				b = le.AppendUint16(b, v)
			}
			return word(append(b, 0, 0), buf)
		}
		answer := make([]byte, 2)
		p := program{
			0x10: append(le.AppendUint32(word(nil, 0x20), 2), 0, 0, 0, 0),
			0x20: message(message(nil, 0x76, 0, 1, 0x30), 0x76, 1, 2, 0x40),
			0x30: {0x88},
			0x40: answer,
		}
		n, errno := p.ioctl(t, bus.ioctl, i2cRdwr, 0x10, compat)
		if n != 2 || errno != 0 || !bytes.Equal(answer, []byte{27504 & 0xff, 27504 >> 8}) {
			t.Errorf("compat %v: %d messages, %v, % x", compat, n, errno, answer)
		}
		p[0x20] = message(nil, 0x3c, 0, 1, 0x30)
		p[0x10] = append(le.AppendUint32(word(nil, 0x20), 1), 0, 0, 0, 0)
		if _, errno := p.ioctl(t, bus.ioctl, i2cRdwr, 0x10, compat); errno != syscall.EREMOTEIO {
			t.Errorf("compat %v: an address without a device: %v", compat, errno)
		}
	}
}

// wireEnd keeps what is clocked out, and answers with its complement.
type wireEnd struct {
	bytes.Buffer
}

func (e *wireEnd) tx(w, r []byte) error {
	e.Write(w)
	for i := range r {
		r[i] = ^w[i]
	}
	return nil
}

// Settings are taken; a transfer reaches the device.
func TestSPIFromPrograms(t *testing.T) {
	var device wireEnd
	port := spiPort{line: &line{}, tx: device.tx}
	answer := make([]byte, 3)
	transfer := le.AppendUint32(le.AppendUint64(le.AppendUint64(nil, 0x20), 0x30), 3)
	p := program{0x10: append(transfer, make([]byte, 12)...), 0x20: {1, 2, 3}, 0x30: answer, 0x40: {0}}
	if _, errno := p.ioctl(t, port.ioctl, 0x40016b01, 0x40, false); errno != 0 {
		t.Errorf("SPI_IOC_WR_MODE: %v", errno)
	}
	n, errno := p.ioctl(t, port.ioctl, 0x40206b00, 0x10, false)
	if n != 3 || errno != 0 || !bytes.Equal(device.Bytes(), []byte{1, 2, 3}) || !bytes.Equal(answer, []byte{0xfe, 0xfd, 0xfc}) {
		t.Errorf("%d bytes, %v: the device has % x, the program % x", n, errno, device.Bytes(), answer)
	}
}
