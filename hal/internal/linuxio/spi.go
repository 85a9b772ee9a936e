//go:build linux

package linuxio

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

var (
	_ spi.PortCloser = (*SPI)(nil)
	_ spi.Conn       = (*SPI)(nil)
	_ conn.Limits    = (*SPI)(nil)
)

// From linux/spi/spidev.h: _IOW('k', n, type).
const (
	spiWrMode     = 0x40016b01 // SPI_IOC_WR_MODE
	spiWrBits     = 0x40016b03 // SPI_IOC_WR_BITS_PER_WORD
	spiWrMaxSpeed = 0x40046b04 // SPI_IOC_WR_MAX_SPEED_HZ
	spiMessage1   = 0x40206b00 // SPI_IOC_MESSAGE(1)

	spiNoCS = 0x40 // SPI_NO_CS

	spiLongest = 4096 // drivers/spi/spidev.c: bufsiz, the longest message unless the module's parameter says otherwise
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

// SPI is a device on a bus with its own chip select: a port, and once connected the connection. It is safe for concurrent
// use.
type SPI struct {
	mu    sync.Mutex
	k     kernel
	fd    int
	name  string
	limit physic.Frequency // 0: none
}

// OpenSPI opens a device by the name of bus and chip select: "SPI0.1" is /dev/spidev0.1.
func OpenSPI(bus string) (*SPI, error) { return openSPI(linux{}, bus) }

func openSPI(k kernel, bus string) (*SPI, error) {
	path, ok := SPIPath(bus)
	if !ok {
		return nil, fmt.Errorf("%q is not the name of an SPI bus, as SPI0.0", bus)
	}
	fd, err := k.open(path)
	if err != nil {
		return nil, explain(bus, path, "enable SPI (raspi-config, or dtparam=spi=on in config.txt)", "spi", err)
	}
	return &SPI{k: k, fd: fd, name: bus}, nil
}

// LimitSpeed makes f the fastest clock of a later Connect.
func (s *SPI) LimitSpeed(f physic.Frequency) error {
	s.limit = f
	return nil
}

// Connect sets mode, bits a word and clock; f is what the device takes, 0 if that is not known.
func (s *SPI) Connect(f physic.Frequency, mode spi.Mode, bits int) (spi.Conn, error) {
	if mode&^(spi.Mode3|spi.NoCS) != 0 || bits < 1 || bits > 32 {
		return nil, fmt.Errorf("%s: mode %v with %d bits: %w", s.name, mode, bits, errors.ErrUnsupported)
	}
	if s.limit != 0 && (f == 0 || s.limit < f) {
		f = s.limit
	}
	m, b, hz := uint8(mode&spi.Mode3), uint8(bits), uint32(f/physic.Hertz)
	if mode&spi.NoCS != 0 {
		m |= spiNoCS
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, set := range []struct {
		request uint
		arg     unsafe.Pointer
	}{{spiWrMode, unsafe.Pointer(&m)}, {spiWrBits, unsafe.Pointer(&b)}, {spiWrMaxSpeed, unsafe.Pointer(&hz)}} {
		if hz == 0 && set.request == spiWrMaxSpeed {
			continue
		}
		if err := s.k.ioctl(s.fd, set.request, set.arg); err != nil {
			return nil, fmt.Errorf("%s: cannot set %v, %d bits, %s: %w", s.name, mode, bits, f, err)
		}
	}
	return s, nil
}

// String is the name of bus and chip select.
func (s *SPI) String() string { return s.name }

// Duplex implements conn.Conn.
func (s *SPI) Duplex() conn.Duplex { return conn.Full }

// MaxTxSize implements conn.Limits: what is longer goes in pieces.
func (s *SPI) MaxTxSize() int { return spiLongest }

// TxPackets sends one packet after the other; chip select rises between them.
func (s *SPI) TxPackets(packets []spi.Packet) error {
	for _, p := range packets {
		if p.KeepCS || p.BitsPerWord != 0 {
			return errors.ErrUnsupported
		}
		if err := s.Tx(p.W, p.R); err != nil {
			return err
		}
	}
	return nil
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
	s.fd = -1 // the kernel may give the number to another file
	return s.k.close(fd)
}
