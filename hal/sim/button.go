package sim

import (
	"sync"
	"time"
)

const (
	shortPress = 150 * time.Millisecond // POST /press without hold
	maxHold    = time.Minute            // the button of a page that is gone is released after this
)

// button is the round button of the page: up or down, and released by itself after maxHold.
type button struct {
	mu      sync.Mutex
	down    bool
	release *time.Timer
}

// set moves the button and reports whether that was a change.
func (s *Sim) set(down bool) bool {
	b := &s.button
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down == down {
		return false
	}
	b.down = down
	if down {
		b.release = time.AfterFunc(maxHold, func() { s.set(false) })
	} else {
		b.release.Stop()
	}
	if s.o.Press != nil {
		s.o.Press(down, time.Now())
	}
	return true
}

// press holds the button for a time, or until the board is closed. It reports false when the button
// is already down.
func (s *Sim) press(hold time.Duration) bool {
	if !s.set(true) {
		return false
	}
	select {
	case <-time.After(hold):
	case <-s.closed:
	}
	s.set(false)
	return true
}
