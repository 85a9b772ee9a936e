package telemetry

import (
	"sync"
	"time"
)

// daily counts since midnight, local time.
type daily struct {
	mu  sync.Mutex
	day string
	n   int
}

func (d *daily) add(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.turn(now)
	d.n++
}

func (d *daily) today(now time.Time) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.turn(now)
	return d.n
}

func (d *daily) turn(now time.Time) {
	if day := now.Format(time.DateOnly); day != d.day {
		d.day, d.n = day, 0
	}
}
