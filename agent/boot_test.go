package agent

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/store"
)

// A refresh that was cut off is repeated at once, without the spread of a boot.
func TestIntentAtStart(t *testing.T) {
	disk := &countingStore{}
	bubble(t, setups(paired(0, nil), spread, func(l *lab) {
		l.o.Store = disk
		s, err := store.Open(store.Options{Dir: l.dir, Device: "dev"})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Intend(1); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}), func(l *lab) {
		l.pass(time.Minute)
		l.saw("0s refresh R1", "30s serve A2") // only connecting waits
		if disk.intents != 0 {
			t.Error("the intent was written again")
		}
	})
}

func spread(l *lab) { l.o.Spread = time.Minute }

// A token that expired while the power was off is refreshed within the spread, and so is the first connect.
func TestSpreadAfterBoot(t *testing.T) {
	bubble(t, setups(paired(2*time.Hour, nil), spread), func(l *lab) {
		l.pass(30 * time.Minute)
		l.saw("30s refresh R1", "30s serve A2")
	})
	bubble(t, setups(paired(time.Minute, nil), spread), func(l *lab) {
		l.pass(30 * time.Minute)
		l.saw("30s serve A1")
	})
}

// A refresh that is due and the first connect come together, and only once: the session begins with the new token. A
// server that does not answer delays the session by 10 s, one that refuses does not.
func TestOneConnectAfterBoot(t *testing.T) {
	var draws atomic.Int64
	uneven := func(l *lab) {
		draws.Store(0)
		l.o.Spread = time.Minute
		l.o.Rand = func(d time.Duration) time.Duration {
			if d == l.o.Spread {
				return d * time.Duration(draws.Add(1)) / 4
			}
			return d / 2
		}
	}
	for _, off := range []time.Duration{50 * time.Minute, 2 * time.Hour} {
		bubble(t, setups(paired(off, nil), uneven), func(l *lab) {
			l.pass(2 * time.Minute)
			l.saw("15s refresh R1", "15s serve A2")
		})
	}
	slow := func(l *lab) { l.auth.slow = 15 * time.Second }
	bubble(t, setups(paired(50*time.Minute, nil), uneven, slow), func(l *lab) {
		l.pass(2 * time.Minute)
		l.saw("15s refresh R1", "25s serve A1", "30s end A1: swapping the token", "30s serve A2")
	})
	refused := func(l *lab) { l.auth.refresh = func(int) error { return fails(deviceauth.Server) } }
	bubble(t, setups(paired(50*time.Minute, nil), uneven, refused), func(l *lab) {
		l.pass(15 * time.Second)
		l.saw("15s refresh R1", "15s serve A1")
	})
}

// A user who pairs just then does not wait for that.
func TestPairWithinSpread(t *testing.T) {
	bubble(t, setups(paired(0, nil), func(l *lab) { l.o.Spread = 4 * time.Minute }), func(l *lab) {
		l.press(hold)
		l.pass(time.Minute)
		l.saw("4s code 1", "34s approved", "34s serve A2")
	})
}

// Before the clock is set nothing is decided by wall times; then at once.
func TestStartWithoutClock(t *testing.T) {
	for _, renew := range []bool{true, false} {
		bubble(t, setups(func(l *lab) { l.auth.noRenew = !renew }, paired(2*time.Hour, nil), func(l *lab) {
			l.floor = l.began.Add(time.Hour)
		}), func(l *lab) {
			l.pass(30 * time.Minute)
			l.is(control.StateClock, "clock_unset")
			l.saw()
			if s := l.Status(); s.Grant == nil || s.Grant.ExpiresIn != 0 {
				t.Errorf("%+v", s.Grant)
			}
			l.synced.Store(true)
			l.pass(3 * time.Second)
			if renew {
				l.is(control.StatePaired, "")
				l.saw("30m2s refresh R1", "30m2s serve A2")
			} else {
				l.is(control.StateUnpaired, "")
			}
		})
	}
}

// A grant received while the clock was ahead has an end that is too late: it is refreshed at once.
func TestGrantFromTheFuture(t *testing.T) {
	bubble(t, setups(paired(-8*time.Hour, nil), func(l *lab) { l.o.Spread = time.Minute }), func(l *lab) {
		l.pass(time.Hour)
		all := l.drain() // the link waits for 30 s as well: whether it serves A1 first is open
		got := slices.DeleteFunc(all, func(line string) bool { return !strings.Contains(line, " refresh ") })
		if !slices.Equal(got, []string{"30s refresh R1", "41m0s refresh R2"}) {
			t.Errorf("%q", got)
		}
	})
}

// A disk that failed before the clock was set and works again is no problem any more.
func TestDiskFailsWithoutClock(t *testing.T) {
	bubble(t, setups(paired(time.Minute, nil), printer, func(l *lab) { l.floor = l.began.Add(time.Hour) }), func(l *lab) {
		l.broken.Store(true)
		l.wants("print", 0, false, "storage")
		l.broken.Store(false)
		l.pass(time.Minute)
		l.synced.Store(true)
		l.pass(storageRetry)
		l.is(control.StatePaired, "")
	})
}

// "if the configuration names others it is kept unused, problem `config`, until the user pairs again"
func TestForeignGrant(t *testing.T) {
	other := func(g *store.Grant) { g.TokenEndpoint = "https://as/other" }
	bound := func(l *lab) { l.o.Bound.TokenEndpoint = "https://as/token" }
	bubble(t, setups(paired(0, other), bound), func(l *lab) {
		l.pass(24 * time.Hour)
		l.is(control.StateUnpaired, "config")
		l.saw()
		if st, err := l.store.Load(); err != nil || st.Grant == nil {
			t.Error("it was not kept", err)
		}
		l.press(click)
		l.pass(time.Minute)
		l.is(control.StatePaired, "")
		l.saw("24h0m0.1s code 1", "24h0m30.1s approved", "24h0m30.1s serve A2") // nothing was sent for the old one
	})
	bubble(t, setups(auto, paired(0, other), bound), func(l *lab) {
		l.pass(time.Minute)
		l.is(control.StatePaired, "")
	})
}
