package agent

import (
	"time"

	"github.com/paird/paird/agent/store"
)

// stage is what the keeper has of a grant.
type stage int

const (
	unread   stage = iota // the store has not been read
	sealed                // the store has a grant that cannot be unsealed: its key may come back
	unpaired              // no grant, or one of another configuration
	untimed               // a grant from disk, and no clock to compare its times with
	resumed               // a grant from disk: its times are wall times, and a wall clock may be stepped
	received              // a grant received by this process: its times are on the monotonic clock
	unsaved               // a grant was received and is not durable yet
	ended                 // the grant is gone, and the store still has it
)

// phase is all that the keeper's next step depends on, but for the time.
type phase struct {
	stage
	due       time.Time // of the stage's work; zero: nothing to do
	renewable bool      // the grant has a refresh token
	busy      bool      // an exchange is under way: its answer decides what comes next
}

// step is what the keeper does next.
type step int

const (
	idle step = iota
	readGrant
	planRefresh
	refreshGrant
	expireGrant
	saveGrant
	forgetGrant
)

// resumedLook is how often a due time of a wall clock is compared with that clock.
const resumedLook = 5 * time.Minute

// next is the step of p at now and, where that is idle, how long to wait before asking again.
func next(p phase, now time.Time) (step, time.Duration) {
	switch {
	case p.due.IsZero(), p.busy:
		return idle, noLimit
	case now.Before(p.due) && (p.stage == resumed || p.stage == untimed):
		return idle, min(p.due.Sub(now), resumedLook)
	case now.Before(p.due):
		return idle, p.due.Sub(now)
	}
	switch p.stage {
	case unread, sealed:
		return readGrant, 0
	case untimed:
		return planRefresh, 0
	case unsaved:
		return saveGrant, 0
	case ended:
		return forgetGrant, 0
	case unpaired:
		return idle, noLimit
	}
	if !p.renewable {
		return expireGrant, 0
	}
	return refreshGrant, 0
}

// refreshDue is when g should be refreshed: after 60 to 75 % of the access token's lifetime, frac in
// [0,1) choosing where between. Without a refresh token it is the end of the access token, when the
// grant is over. The zero time means never: a token without expires_in is used until it is refused.
func refreshDue(g store.Grant, frac float64) time.Time {
	switch {
	case g.Lifetime <= 0:
		return time.Time{}
	case g.RefreshToken == "":
		return g.Expiry
	}
	return g.Refreshed.Add(time.Duration(float64(g.Lifetime) * (0.60 + 0.15*frac)))
}

// usable reports whether g's access token may be presented at now: it has one, and its end is unknown
// or still to come.
func usable(g store.Grant, now time.Time) bool {
	return g.AccessToken != "" && (g.Expiry.IsZero() || now.Before(g.Expiry))
}

// clockWasAhead reports whether g's times cannot be used: the clock was ahead when it was received, and has been
// corrected.
func clockWasAhead(g store.Grant, now time.Time) bool {
	return now.Add(time.Minute).Before(g.Refreshed)
}

// boundTTL bounds the min_ttl that may be asked of a token with that lifetime. With more than half of it
// a program that asks again and again would cause a refresh each time.
func boundTTL(minTTL, lifetime time.Duration) time.Duration {
	if lifetime <= 0 {
		return minTTL
	}
	return min(minTTL, lifetime/2)
}

const (
	refreshWrites = 28 << 10 // bytes of flash that a refresh costs: its intent, the grant, a slot
	flashADay     = 1 << 20  // more than this is worth a line in the log
)

// flashPerDay is what the refreshes of tokens with that lifetime write, bytes a day.
func flashPerDay(lifetime time.Duration) int64 {
	if lifetime <= 0 {
		return 0
	}
	return int64(24*time.Hour/(lifetime*2/3)) * refreshWrites
}

// The longest waits before a retry.
const (
	capUrgent = 60 * time.Second  // without a valid access token
	capIdle   = 300 * time.Second // with one
	capRefuse = 15 * time.Minute  // the broker refused even a fresh token
)

// backoff is the n-th wait (n from 0) of an exponential back-off with jitter: rand(step/10, step) of the step base*2^n,
// which is longest at most. A tenth is the least, so that jitter cannot become a busy loop.
func backoff(n int, base, longest time.Duration, rnd func(time.Duration) time.Duration) time.Duration {
	step := stepOf(n, base, longest)
	return between(step/10, step, rnd)
}

func stepOf(n int, base, longest time.Duration) time.Duration {
	if n < 20 {
		return min(longest, base<<n)
	}
	return longest
}

func between(least, most time.Duration, rnd func(time.Duration) time.Duration) time.Duration {
	return least + rnd(most-least)
}

// reconnect is a backoff, but over the spread while that is longer: the devices of a fleet that lost their sessions
// in the same second must not come back in one. Those whose connect failed are apart already. They try twice in a spread at
// most, because more of them than that would gather until the broker is back.
func reconnect(n int, base, longest, spread time.Duration, lost bool, rnd func(time.Duration) time.Duration) time.Duration {
	switch step := stepOf(n, base, longest); {
	case step > spread:
		return backoff(n, base, longest, rnd)
	case lost:
		return between(step/10, spread, rnd)
	}
	return between(spread/2, spread, rnd)
}
