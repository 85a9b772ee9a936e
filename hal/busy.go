package hal

import (
	"fmt"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// busyPin is a BUSY pin for drivers that wait for it without a limit, as periph's do: after the limit it reads as idle, and
// late says so.
type busyPin struct {
	gpio.PinIO
	idle  gpio.Level
	limit time.Duration

	mu    sync.Mutex
	since time.Time // busy since; the zero time: idle
	stuck bool
}

// Read implements gpio.PinIn.
func (b *busyPin) Read() gpio.Level {
	level := b.PinIO.Read()
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case level == b.idle:
		b.since = time.Time{}
	case b.since.IsZero():
		b.since = time.Now()
	case time.Since(b.since) >= b.limit:
		b.stuck = true
		return b.idle
	}
	return level
}

// WaitForEdge waits until the pin is idle, as long as timeout (below 0: up to the limit), whatever edge In asked for: an
// edge that came before would be waited for in vain.
func (b *busyPin) WaitForEdge(timeout time.Duration) bool {
	if timeout < 0 {
		timeout = b.limit
	}
	for deadline := time.Now().Add(timeout); b.Read() != b.idle; time.Sleep(pollBusy) {
		if !time.Now().Before(deadline) {
			return false
		}
	}
	return true
}

// In takes the pin without edges: it is polled.
func (b *busyPin) In(pull gpio.Pull, _ gpio.Edge) error { return b.PinIO.In(pull, gpio.NoEdge) }

const pollBusy = 10 * time.Millisecond

// late tells whether the pin stayed busy too long since late was last asked.
func (b *busyPin) late() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.stuck {
		return nil
	}
	b.stuck, b.since = false, time.Time{}
	return fmt.Errorf("BUSY stays high for %v: check the panel's power, its ribbon and the busy pin", b.limit)
}
