package agent

import (
	"time"

	"github.com/paird/paird/agent/control"
)

// pattern is how the LED blinks: lit for on, dark for off, over and over. on without off is steady light;
// the zero pattern is dark.
type pattern struct{ on, off time.Duration }

// The patterns, told apart across a room: the faster, the more it wants somebody.
var (
	dark     = pattern{}
	steady   = pattern{on: time.Hour}
	waiting  = pattern{100 * time.Millisecond, 2900 * time.Millisecond} // press me
	asking   = pattern{500 * time.Millisecond, 500 * time.Millisecond}  // a code is up
	trouble  = pattern{100 * time.Millisecond, 900 * time.Millisecond}
	question = pattern{50 * time.Millisecond, 50 * time.Millisecond} // one more press erases everything
	here     = pattern{200 * time.Millisecond, 100 * time.Millisecond}
)

// led is pure.
func led(v view) pattern {
	switch {
	case v.question > 0:
		return question
	case v.identify:
		return here
	case v.wiped != nil:
		return dark
	case v.State == control.StatePairing:
		return asking
	case v.Problem != nil && v.Problem.Code != "denied" && v.Problem.Code != "expired":
		return trouble
	case v.State == control.StatePaired:
		return steady
	case v.State == control.StateUnpaired:
		return waiting
	}
	return dark
}

// lit says whether the LED is on at now and when that changes; the zero time is never.
func (p pattern) lit(since, now time.Time) (bool, time.Time) {
	if p.off == 0 {
		return p.on > 0, time.Time{}
	}
	whole := p.on + p.off
	at := now.Sub(since) % whole
	if at < p.on {
		return true, now.Add(p.on - at)
	}
	return false, now.Add(whole - at)
}
