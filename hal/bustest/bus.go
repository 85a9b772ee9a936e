package bustest

import (
	"errors"
	"fmt"
	"sync"
)

// ErrNACK is what a transaction returns that nobody answers, or that a fault was asked for.
var ErrNACK = errors.New("no acknowledge (simulated)")

// bus counts transactions and makes the faults that were asked for.
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

// Stats returns the traffic since the last call and begins to count anew.
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

// violate records what the datasheet does not allow. The caller holds mu.
func (b *bus) violate(format string, args ...any) {
	if b.strict {
		b.violations = append(b.violations, fmt.Sprintf(format, args...))
	}
}

// Pin is an input of a model: an output of the board.
type Pin struct {
	mu   *sync.Mutex
	high *bool
	fell func() // called with mu held when the pin goes low
}

// Out sets the pin.
func (p Pin) Out(high bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if *p.high && !high && p.fell != nil {
		p.fell()
	}
	*p.high = high
	return nil
}
