package clock

import (
	"context"
	"sync"
	"time"
)

// recheck is how often Wait looks at the clock again. Time daemons step the clock without a signal.
const recheck = 2 * time.Second

// Options say where time comes from; only Floor is of use outside tests.
type Options struct {
	Floor time.Time // a time that is certainly past: the build, or the last trusted time; zero: none known

	Now      func() time.Time     // wall clock; nil: time.Now
	Adjtimex func() (bool, error) // whether the kernel holds the clock synchronised; nil: adjtimex(2)
	BootTime func() time.Duration // since boot, suspended time included; nil: CLOCK_BOOTTIME
	BootID   func() string        // nil: /proc/sys/kernel/random/boot_id
}

// Clock decides whether the wall clock is right. It is safe for concurrent use.
type Clock struct {
	now      func() time.Time
	adjtimex func() (bool, error)
	bootTime func() time.Duration
	bootID   string

	mu     sync.Mutex
	floor  time.Time
	synced bool // once true it stays true
}

// New returns a Clock; it reads the boot id once, nothing else.
func New(o Options) *Clock {
	c := &Clock{now: o.Now, adjtimex: o.Adjtimex, bootTime: o.BootTime, floor: o.Floor}
	if c.now == nil {
		c.now = time.Now
	}
	if c.adjtimex == nil {
		c.adjtimex = kernelSynchronised
	}
	if c.bootTime == nil {
		c.bootTime = sinceBoot
	}
	if o.BootID == nil {
		o.BootID = kernelBootID
	}
	c.bootID = o.BootID()
	return c
}

// Synchronised reports whether the kernel has held the clock synchronised at any time since New. A
// kernel that refuses to say (a seccomp filter) counts as not synchronised.
func (c *Clock) Synchronised() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.synced {
		ok, err := c.adjtimex()
		c.synced = ok && err == nil
	}
	return c.synced
}

// Set reports whether wall-clock times mean anything.
func (c *Clock) Set() bool {
	synced := c.Synchronised()
	c.mu.Lock()
	defer c.mu.Unlock()
	return isSet(c.now(), c.floor, synced)
}

// isSet is the decision. Without a floor only the kernel's flag decides.
func isSet(now, floor time.Time, synchronised bool) bool {
	return synchronised || !floor.IsZero() && now.After(floor)
}

// Raise lifts the floor to t, a time that was trusted once; it never lowers it.
func (c *Clock) Raise(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.floor) {
		c.floor = t
	}
}

// Wait returns nil once the clock is set, looking every few seconds, or ctx's error.
func (c *Clock) Wait(ctx context.Context) error {
	if c.Set() {
		return nil
	}
	t := time.NewTicker(recheck)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
			if c.Set() {
				return nil
			}
		}
	}
}

// BootID names this boot; empty where the system does not name it.
func (c *Clock) BootID() string { return c.bootID }

// Monotonic is the time since boot, suspended time included. It is comparable between processes of
// the same boot, which Go's own monotonic reading is not.
func (c *Clock) Monotonic() time.Duration { return c.bootTime() }
