package queue

import (
	"hash/fnv"
	"time"

	"github.com/paird/paird/agent/internal/seglog"
)

// Stamp is a moment, in a form that needs no clock that is set.
type Stamp struct {
	Wall time.Time     // zero while the clock is not set
	Boot string        // names this boot; empty: not known
	Mono time.Duration // since boot
}

// stored is the moment in the form of a record.
func (s Stamp) stored() seglog.Stamp {
	st := seglog.Stamp{Mono: s.Mono.Milliseconds()}
	if !s.Wall.IsZero() {
		st.Wall = s.Wall.UnixMilli()
	}
	if s.Boot != "" {
		h := fnv.New64a()
		h.Write([]byte(s.Boot))
		st.Boot = h.Sum64()
	}
	return st
}

// age is how long s lies back, as far as can be known: within a boot by the time since boot, else by
// the wall clock if it was set both times, else 0.
func age(s, now seglog.Stamp) time.Duration {
	ms := int64(0)
	switch {
	case s.Boot != 0 && s.Boot == now.Boot:
		ms = now.Mono - s.Mono
	case s.Wall != 0 && now.Wall != 0:
		ms = now.Wall - s.Wall
	}
	return time.Duration(max(0, ms)) * time.Millisecond
}
