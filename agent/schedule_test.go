package agent

import (
	"testing"
	"time"

	"github.com/paird/paird/agent/store"
)

// What the keeper does next, in each stage, before and when its work is due.
func TestNext(t *testing.T) {
	now := time.Unix(1000, 0)
	in := func(d time.Duration) time.Time { return now.Add(d) }
	for _, tt := range []struct {
		name  string
		phase phase
		step  step
		wait  time.Duration
	}{
		{"store not read", phase{stage: unread, due: now}, readGrant, 0},
		{"store unreadable", phase{stage: unread, due: in(time.Second)}, idle, time.Second},
		{"sealed", phase{stage: sealed, due: in(time.Minute)}, idle, time.Minute},
		{"sealed, look again", phase{stage: sealed, due: now}, readGrant, 0},
		{"unpaired", phase{stage: unpaired}, idle, noLimit},
		{"unpaired, whatever is due", phase{stage: unpaired, due: now}, idle, noLimit},
		{"no clock", phase{stage: untimed, due: in(2 * time.Second)}, idle, 2 * time.Second},
		{"no clock, Retry-After", phase{stage: untimed, due: in(time.Hour)}, idle, resumedLook},
		{"no clock, look again", phase{stage: untimed, due: now, renewable: true}, planRefresh, 0},
		{"from disk, wall time", phase{stage: resumed, due: in(time.Hour), renewable: true}, idle, resumedLook},
		{"from disk, soon", phase{stage: resumed, due: in(time.Second), renewable: true}, idle, time.Second},
		{"from disk, due", phase{stage: resumed, due: now, renewable: true}, refreshGrant, 0},
		{"from disk, no refresh token", phase{stage: resumed, due: now}, expireGrant, 0},
		{"received", phase{stage: received, due: in(time.Hour), renewable: true}, idle, time.Hour},
		{"received, due", phase{stage: received, due: now, renewable: true}, refreshGrant, 0},
		{"received, overdue", phase{stage: received, due: in(-time.Hour), renewable: true}, refreshGrant, 0},
		{"received, no refresh token", phase{stage: received, due: now}, expireGrant, 0},
		{"received, a request under way", phase{stage: received, due: now, renewable: true, busy: true}, idle, noLimit},
		{"received, no expires_in", phase{stage: received, renewable: true}, idle, noLimit},
		{"not durable", phase{stage: unsaved, due: in(5 * time.Second), renewable: true}, idle, 5 * time.Second},
		{"not durable, try again", phase{stage: unsaved, due: now, renewable: true}, saveGrant, 0},
		{"gone, not durable", phase{stage: ended, due: in(5 * time.Second)}, idle, 5 * time.Second},
		{"gone, try again", phase{stage: ended, due: now}, forgetGrant, 0},
	} {
		if step, wait := next(tt.phase, now); step != tt.step || wait != tt.wait {
			t.Errorf("%s: step %d after %v, want %d after %v", tt.name, step, wait, tt.step, tt.wait)
		}
	}
}

func TestFlashPerDay(t *testing.T) {
	for lifetime, want := range map[time.Duration]int64{0: 0, time.Hour: 36 * refreshWrites, 24 * time.Hour: refreshWrites} {
		if got := flashPerDay(lifetime); got != want {
			t.Errorf("%v: %d, want %d", lifetime, got, want)
		}
	}
	if flashPerDay(time.Hour) > flashADay || flashPerDay(50*time.Minute) <= flashADay {
		t.Error("an hour is the common lifetime and no reason for a warning; less is")
	}
}

func TestBackoff(t *testing.T) {
	all := func(d time.Duration) time.Duration { return d }
	none := func(time.Duration) time.Duration { return 0 }
	for n, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		if got := backoff(n, time.Second, time.Minute, all); got != want*time.Second {
			t.Errorf("%d: %v", n, got)
		}
		if got := backoff(n, time.Second, time.Minute, none); got != want*time.Second/10 {
			t.Errorf("%d: %v", n, got)
		}
	}
	half := func(d time.Duration) time.Duration { return d / 2 } // the least is no wait that many draws come to
	if got := backoff(3, time.Second, time.Minute, half); got != 4400*time.Millisecond {
		t.Errorf("%v", got)
	}
	for _, n := range []int{20, 63, 64, 1 << 30} {
		if got := backoff(n, 30*time.Second, time.Hour, all); got != time.Hour {
			t.Errorf("%d: %v", n, got)
		}
	}
}

// A spread is longer than the first steps.
func TestReconnect(t *testing.T) {
	const spread = 20 * time.Second
	for _, tt := range []struct {
		n           int
		lost        bool
		least, most time.Duration
	}{
		{1, true, 200 * time.Millisecond, spread}, {4, true, 1600 * time.Millisecond, spread}, {5, true, 3200 * time.Millisecond, 32 * time.Second},
		{1, false, spread / 2, spread}, {4, false, spread / 2, spread}, {5, false, 3200 * time.Millisecond, 32 * time.Second},
		{9, false, 6 * time.Second, time.Minute},
	} {
		least := reconnect(tt.n, time.Second, time.Minute, spread, tt.lost, func(time.Duration) time.Duration { return 0 })
		most := reconnect(tt.n, time.Second, time.Minute, spread, tt.lost, func(d time.Duration) time.Duration { return d })
		if least != tt.least || most != tt.most {
			t.Errorf("%+v: %v to %v", tt, least, most)
		}
	}
}

func TestRefreshDue(t *testing.T) {
	now := time.Unix(1000, 0)
	g := store.Grant{RefreshToken: "r", Lifetime: 100 * time.Second, Refreshed: now, Expiry: now.Add(100 * time.Second)}
	for frac, want := range map[float64]time.Duration{0: 60 * time.Second, 1: 75 * time.Second} {
		if got := refreshDue(g, frac); got.Sub(now).Round(time.Millisecond) != want {
			t.Errorf("%v: %v", frac, got)
		}
	}
	bare := g
	bare.RefreshToken = ""
	if got := refreshDue(bare, 0); !got.Equal(g.Expiry) {
		t.Errorf("%v", got)
	}
	open := g
	open.Lifetime, open.Expiry = 0, time.Time{}
	if got := refreshDue(open, 0); !got.IsZero() {
		t.Errorf("%v", got)
	}
}
