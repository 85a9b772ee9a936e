package bustest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// ErrNACK is what a transaction returns that no device acknowledges, or for which FailIn asked.
var ErrNACK = errors.New("no acknowledge (simulated)")

// bus counts transactions and makes them fail on request.
type bus struct {
	mu         sync.Mutex
	strict     bool
	violations []string
	unplugged  bool
	failIn     int // the transaction that many from now fails; 0: none
	failAfter  int // bytes of it that still arrive
	txs, bytes int
}

// Stats is the traffic so far.
type Stats struct {
	Transactions int
	Bytes        int // on the wire; for I2C with the address byte
}

// Stats returns the traffic since the last call.
func (b *bus) Stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := Stats{b.txs, b.bytes}
	b.txs, b.bytes = 0, 0
	return s
}

// FailIn makes the nth transaction from now (1 is the next) fail after that many of its bytes have arrived.
func (b *bus) FailIn(n, after int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failIn, b.failAfter = n, after
}

// Violations returns what a strict model has seen against the datasheet.
func (b *bus) Violations() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.violations
}

// begin counts a transaction of n bytes and says how many of them arrive. The caller holds mu.
func (b *bus) begin(n int) (arrive int, err error) {
	if b.unplugged {
		return 0, ErrNACK
	}
	b.txs++
	b.bytes += n
	if b.failIn > 0 {
		if b.failIn--; b.failIn == 0 {
			return min(n, b.failAfter), ErrNACK
		}
	}
	return n, nil
}

// maxViolations are kept: the first ones say what is wrong.
const maxViolations = 1000

// violate records what the datasheet does not allow. The caller holds mu.
func (b *bus) violate(format string, args ...any) {
	if b.strict && len(b.violations) < maxViolations {
		b.violations = append(b.violations, fmt.Sprintf(format, args...))
	}
}

// report is violate for callers that do not hold mu.
func (b *bus) report(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.violate(format, args...)
}

// Pin is an input of a model, an output of the board. It implements gpio.PinOut.
type Pin struct {
	gpio.PinIO // the methods that a model does not need
	mu         *sync.Mutex
	high       *bool
	fell, rose func() // called with mu held when the pin goes low or high
}

// Out sets the pin.
func (p Pin) Out(l gpio.Level) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := *p.high
	*p.high = bool(l)
	switch {
	case was && !bool(l) && p.fell != nil:
		p.fell()
	case !was && bool(l) && p.rose != nil:
		p.rose()
	}
	return nil
}

// BusyPin is the BUSY output of a model. It implements gpio.PinIn.
type BusyPin struct {
	gpio.PinIO
	level func() gpio.Level
}

// In takes the pin as it is.
func (p BusyPin) In(gpio.Pull, gpio.Edge) error { return nil }

// Read returns the level.
func (p BusyPin) Read() gpio.Level { return p.level() }

// WaitForEdge waits for the level to change; below 0: without a limit.
func (p BusyPin) WaitForEdge(timeout time.Duration) bool {
	was, start := p.Read(), time.Now()
	for p.Read() == was {
		if timeout >= 0 && time.Since(start) >= timeout {
			return false
		}
		time.Sleep(time.Millisecond)
	}
	return true
}

// longest is what spidev takes at once (drivers/spi/spidev.c: bufsiz).
const longest = 4096

// ErrTooLong is what spidev says of a longer transfer.
var ErrTooLong = errors.New("message too long (simulated)")

// port is a model seen from an SPI bus: spi.PortCloser, and spi.Conn once it is connected.
type port struct {
	name string
	fast physic.Frequency // the fastest clock the chip takes
	tx   func(w, r []byte) error
	slow func(format string, args ...any)
}

// Connect implements spi.Port.
func (p port) Connect(f physic.Frequency, mode spi.Mode, bits int) (spi.Conn, error) {
	if f > p.fast || f == 0 || mode != spi.Mode0 || bits != 8 {
		p.slow("%s at %s, mode %s, %d bits", p.name, f, mode, bits)
	}
	return p, nil
}

// Tx implements conn.Conn.
func (p port) Tx(w, r []byte) error {
	if max(len(w), len(r)) > longest {
		return ErrTooLong
	}
	return p.tx(w, r)
}

// TxPackets is not modelled.
func (p port) TxPackets([]spi.Packet) error { return errors.ErrUnsupported }

// MaxTxSize implements conn.Limits.
func (p port) MaxTxSize() int                    { return longest }
func (p port) Duplex() conn.Duplex               { return conn.Half }
func (p port) String() string                    { return p.name }
func (p port) LimitSpeed(physic.Frequency) error { return nil }
func (p port) Close() error                      { return nil }
