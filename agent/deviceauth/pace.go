package deviceauth

import "time"

const (
	defaultInterval = 5 * time.Second
	maxInterval     = time.Hour
	slowDownStep    = 5 * time.Second
	maxPairingRest  = time.Minute // longest own wait while somebody holds a phone
)

// pace decides when to poll. Its methods take the moment at which an answer, or the lack of one, was known:
// an interval measured from the request draws slow_down from a server that answers late.
type pace struct {
	interval time.Duration
	rest     time.Duration // the latest wait while there is trouble, else 0
}

// pending is the next poll after authorization_pending.
func (p *pace) pending(now time.Time) time.Time {
	p.rest = 0
	return now.Add(p.interval)
}

// slowDown is the next poll after slow_down. RFC 8628 section 3.5: "the interval MUST be increased by 5
// seconds for this and all subsequent requests". Some servers name a still longer one.
func (p *pace) slowDown(now time.Time, named time.Duration) time.Time {
	p.interval = min(max(p.interval+slowDownStep, named), maxInterval)
	return p.pending(now)
}

// trouble is the next poll after no answer, 429 or 5xx. RFC 8628 section 3.5: "On encountering a connection
// timeout, clients MUST unilaterally reduce their polling frequency before retrying ... such as doubling the
// polling interval on each such connection timeout". What the server asks for beats our cap.
func (p *pace) trouble(now time.Time, asked time.Duration) time.Time {
	p.rest = min(2*max(p.rest, p.interval), max(maxPairingRest, p.interval))
	return now.Add(max(p.rest, min(asked, maxRetryAfter)))
}

// later is the later of two moments.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// remaining is how long a session is still good. Within one process the monotonic clock counts; after a
// reboot only the wall clock is there, and one that went back must not lengthen the session.
func remaining(p Pending, now time.Time) time.Duration {
	return min(p.Deadline().Sub(now), clampCodeLife(p.ExpiresIn))
}

// clampCodeLife keeps a device code's lifetime between a second and an hour.
func clampCodeLife(d time.Duration) time.Duration { return min(max(d, time.Second), time.Hour) }
