package provider

import "time"

// RFC 8628 section 5.1: "it is recommended that the server rate-limit user code attempts." Five wrong
// ones in ten minutes, then none until the first of them is ten minutes old.
const (
	maxFailures   = 5
	failureWindow = 10 * time.Minute
)

// limiter counts failures by a key such as an account.
type limiter struct {
	failures map[string][]time.Time
}

func newLimiter() limiter { return limiter{map[string][]time.Time{}} }

// wait is how long key has to wait before its next try, 0 for not at all.
func (l limiter) wait(key string, now time.Time) time.Duration {
	recent := l.recent(key, now)
	if len(recent) < maxFailures {
		return 0
	}
	return recent[0].Add(failureWindow).Sub(now)
}

func (l limiter) fail(key string, now time.Time) {
	for k := range l.failures {
		if len(l.recent(k, now)) == 0 {
			delete(l.failures, k)
		}
	}
	l.failures[key] = append(l.recent(key, now), now)
}

func (l limiter) recent(key string, now time.Time) []time.Time {
	all := l.failures[key]
	for len(all) > 0 && now.Sub(all[0]) >= failureWindow {
		all = all[1:]
	}
	return all
}
