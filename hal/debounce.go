package hal

import "time"

// settleTime is how long a contact must keep its level before the level counts: ten times what tact switches
// bounce, and short to a finger.
const settleTime = 20 * time.Millisecond

// debounce turns the levels of a bouncing contact into edges. It is pure: it knows the time only from its caller.
type debounce struct {
	stable bool      // the level told last
	raw    bool      // the level seen last
	since  time.Time // when raw changed last
}

// see takes the level at a time and returns the edge that is certain by then, if any.
func (d *debounce) see(level bool, now time.Time) (Edge, bool) {
	if level != d.raw {
		d.raw, d.since = level, now
	}
	if d.raw == d.stable || now.Sub(d.since) < settleTime {
		return Edge{}, false
	}
	d.stable = d.raw
	return Edge{Down: d.stable, At: d.since}, true
}

// wait is how long the level need not be seen again if nothing changes; below 0: not before it changes.
func (d *debounce) wait(now time.Time) time.Duration {
	if d.raw == d.stable {
		return -1
	}
	return max(0, settleTime-now.Sub(d.since))
}
