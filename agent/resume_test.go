package agent

import (
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
)

func TestResumePending(t *testing.T) {
	bubble(t, decides(3*time.Minute, nil), func(l *lab) {
		l.press(click)
		l.pass(time.Minute)
		l.reboot()
		l.is(control.StatePairing, "")
		l.pass(4 * time.Minute)
		l.is(control.StatePaired, "")
		l.saw("100ms code 1", "4m0.1s approved", "4m0.1s serve A1")
		l.reboot()
		l.is(control.StatePaired, "")
	})
}

// A board without a clock of its own does not know the time at first: the code waits with it.
func TestResumePendingClockUnset(t *testing.T) {
	bubble(t, decides(5*time.Minute, nil), func(l *lab) {
		l.press(click)
		l.floor = time.Now().Add(time.Hour)
		l.reboot()
		l.is(control.StateClock, "clock_unset")
		l.pass(time.Minute)
		l.press(click) // its answer is the code that is coming
		l.synced.Store(true)
		l.pass(3 * time.Second)
		l.is(control.StatePairing, "")
		l.pass(6 * time.Minute)
		l.is(control.StatePaired, "")
		if l.auth.codes.n() != 1 {
			t.Errorf("%d codes", l.auth.codes.n())
		}
	})
}

// A code that expired while the power was off is over.
func TestResumeExpired(t *testing.T) {
	bubble(t, neverApproved, func(l *lab) {
		l.press(click)
		l.shutdown()
		l.pass(time.Hour)
		l.boot()
		l.pass(time.Second)
		l.is(control.StateUnpaired, "expired")
	})
}

// "After a success the device code is never sent again", also where the power went before it was cleared.
func TestSpentCodeIsNotResumed(t *testing.T) {
	waits := 0
	bubble(t, func(l *lab) {
		l.auth.decide = func(int) (time.Duration, error) { waits++; return time.Second, nil }
	}, func(l *lab) {
		l.press(click)
		pending, err := l.store.Pending()
		if err != nil || pending == nil {
			t.Fatal(err, "no code was kept")
		}
		l.pass(time.Minute)
		l.is(control.StatePaired, "")
		if err := l.store.SavePending(pending); err != nil {
			t.Fatal(err)
		}
		l.reboot()
		l.is(control.StatePaired, "")
		if waits != 1 {
			t.Errorf("the code was polled for %d times", waits)
		}
		l.noCode()
	})
}

// What slow_down did to the interval holds after a restart.
func TestPendingChanged(t *testing.T) {
	bubble(t, neverApproved, func(l *lab) {
		l.press(click)
		f, _ := l.status.now()
		p := *f.pairing
		p.Interval = 15 * time.Second
		l.PendingChanged(p)
		l.reboot()
		if got := l.Status().Pairing.Interval; got != 15 {
			t.Errorf("interval %d", got)
		}
	})
}

// A token in hand is written although the daemon is being stopped at this moment.
func TestApprovedAtStop(t *testing.T) {
	for _, late := range []time.Duration{0, time.Second} { // the keeper outlives the pairer's last answer
		bubble(t, func(l *lab) { l.o.Auth = &lateAuth{authModel: l.auth, late: late} }, func(l *lab) {
			l.press(click)
			l.reboot()
			l.is(control.StatePaired, "")
		})
	}
}

// The code of a response that must not be used is spent too, also where that response arrives during a stop.
func TestUnusableAtStop(t *testing.T) {
	bubble(t, func(l *lab) {
		l.o.Auth = &lateAuth{authModel: l.auth, late: time.Second}
		l.auth.unusable = func(int) error { return fails(deviceauth.Server) }
	}, func(l *lab) {
		l.press(click)
		l.stop()
		l.noCode()
	})
}
