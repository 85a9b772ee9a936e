package agent

import "time"

// The longest waits before a retry: without a valid access token somebody is waiting; with one nobody is.
const (
	capUrgent = 60 * time.Second
	capIdle   = 300 * time.Second
	capRefuse = 15 * time.Minute // the broker refused even a fresh token
)

// backoff is the n-th wait (n from 0) of an exponential back-off with full jitter: rand(0, base*2^n), at
// most longest and never under a tenth of that step, so that jitter cannot become a busy loop.
func backoff(n int, base, longest time.Duration, rnd func(time.Duration) time.Duration) time.Duration {
	step := longest
	if n < 20 {
		step = min(longest, base<<n)
	}
	return max(step/10, rnd(step))
}

// patient honours what the server asked for: "Retry-After beats every cap".
func patient(wait, asked time.Duration) time.Duration { return max(wait, asked) }
