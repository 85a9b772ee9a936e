//go:build linux

package linuxio

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"
)

// From linux/spi/spidev.h: _IOW('k', n, type).
const (
	spiWrMode     = 0x40016b01 // SPI_IOC_WR_MODE
	spiWrBits     = 0x40016b03 // SPI_IOC_WR_BITS_PER_WORD
	spiWrMaxSpeed = 0x40046b04 // SPI_IOC_WR_MAX_SPEED_HZ
	spiMessage1   = 0x40206b00 // SPI_IOC_MESSAGE(1)

	spiLongest = 4096 // drivers/spi/spidev.c: bufsiz, the longest message unless the module is told otherwise
)

// spiTransfer is struct spi_ioc_transfer, the same on 32 and 64 bit.
type spiTransfer struct {
	txBuf, rxBuf   uint64
	len            uint32
	speedHz        uint32
	delayUsecs     uint16
	bitsPerWord    uint8
	csChange       uint8
	txNbits        uint8
	rxNbits        uint8
	wordDelayUsecs uint8
	pad            uint8
}

// SPI is a device on a bus: mode 0, 8 bits, its own chip select. It is safe for concurrent use.
type SPI struct {
	mu   sync.Mutex
	k    kernel
	fd   int
	name string
}

// OpenSPI opens a device by the name of bus and chip select, at no more than hz: "SPI0.1" is /dev/spidev0.1.
func OpenSPI(bus string, hz uint32) (*SPI, error) { return openSPI(linux{}, bus, hz) }

func openSPI(k kernel, bus string, hz uint32) (*SPI, error) {
	path, err := spiPath(bus)
	if err != nil {
		return nil, err
	}
	fd, err := k.open(path)
	if err != nil {
		return nil, explain(bus, path, "enable SPI (dtparam=spi=on in config.txt)", "spi", err)
	}
	mode, bits := uint8(0), uint8(8)
	for _, set := range []struct {
		request uint
		arg     unsafe.Pointer
	}{{spiWrMode, unsafe.Pointer(&mode)}, {spiWrBits, unsafe.Pointer(&bits)}, {spiWrMaxSpeed, unsafe.Pointer(&hz)}} {
		if err := k.ioctl(fd, set.request, set.arg); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: cannot set mode 0, 8 bits, %d Hz: %w", bus, hz, err), k.close(fd))
		}
	}
	return &SPI{k: k, fd: fd, name: bus}, nil
}

// Tx clocks w out and r in at the same time; r is empty or as long as w. What is longer than the kernel takes at
// once goes in pieces, between which chip select rises.
func (s *SPI) Tx(w, r []byte) error {
	if len(r) > 0 && len(r) != len(w) {
		return fmt.Errorf("%s: %d bytes out but %d in", s.name, len(w), len(r))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(w) > 0 {
		n := min(len(w), spiLongest)
		if err := s.transfer(w[:n], r[:min(n, len(r))]); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		w, r = w[n:], r[min(n, len(r)):]
	}
	return nil
}

func (s *SPI) transfer(w, r []byte) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&w[0])
	t := spiTransfer{txBuf: uint64(uintptr(unsafe.Pointer(&w[0]))), len: uint32(len(w))}
	if len(r) > 0 {
		pin.Pin(&r[0])
		t.rxBuf = uint64(uintptr(unsafe.Pointer(&r[0])))
	}
	return s.k.ioctl(s.fd, spiMessage1, unsafe.Pointer(&t))
}

// Close closes the device.
func (s *SPI) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	fd := s.fd
	s.fd = -1 // the number may soon be somebody else's
	return s.k.close(fd)
}
