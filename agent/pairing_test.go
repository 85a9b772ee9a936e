package agent

import (
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/display"
)

func auto(l *lab) { l.o.StartAuto = true }

// decides gives the same answer to every code.
func decides(after time.Duration, err error) func(*lab) {
	return func(l *lab) { l.auth.decide = func(int) (time.Duration, error) { return after, err } }
}

var (
	neverApproved = decides(time.Hour, nil) // every code expires
	denies        = decides(20*time.Second, fails(deviceauth.Denied))
)

func TestPairByPress(t *testing.T) {
	bubble(t, nil, func(l *lab) {
		l.pass(24 * time.Hour) // it never begins by itself
		l.is(control.StateUnpaired, "")
		l.saw()
		if s, _ := l.panel.now(); s != (display.Press{}) {
			l.Errorf("panel: %#v", s)
		}
		l.press(click)
		l.is(control.StatePairing, "")
		if s, _ := l.panel.now(); s.(display.Pairing).UserCode != "CODE-1" {
			l.Errorf("panel: %#v", s)
		}
		l.pass(time.Minute)
		l.is(control.StatePaired, "")
		l.saw("24h0m0.1s code 1", "24h0m30.1s approved", "24h0m30.1s serve A1") // at once, without the spread of a boot
		if n := l.link.preconnects.n(); n != 1 {                                // while the grant was made durable
			l.Errorf("%d connections opened ahead of the session", n)
		}
		if got := strings.Join(l.events(), " "); got != "pairing paired online" {
			l.Errorf("events: %s", got)
		}
		if got := strings.Join(l.link.sent(), " "); got != "paired" {
			l.Errorf("events to the broker: %s", got)
		}
	})
}

// The first code comes at once: the spread of a fleet is for devices that have a grant.
func TestStartAuto(t *testing.T) {
	bubble(t, setups(auto, func(l *lab) { l.o.Spread = 4 * time.Second }), func(l *lab) {
		l.pass(time.Minute)
		l.is(control.StatePaired, "")
		l.saw("0s code 1", "30s approved", "30s serve A1")
	})
}

func TestCodeExpires(t *testing.T) {
	bubble(t, neverApproved, func(l *lab) {
		l.press(click)
		l.pass(11 * time.Minute)
		l.is(control.StateUnpaired, "expired")
		if s, _ := l.panel.now(); s != (display.Press{Problem: "expired"}) {
			l.Errorf("panel: %#v", s)
		}
		l.pass(7 * 24 * time.Hour)
		l.saw("100ms code 1")
		l.press(click)
		l.is(control.StatePairing, "")
	})
}

// Five codes in a row, then an hour's rest, for days.
func TestCodeExpiresAuto(t *testing.T) {
	bubble(t, setups(auto, neverApproved), func(l *lab) {
		l.pass(52 * time.Minute)
		l.is(control.StateUnpaired, "expired")
		l.saw("0s code 1", "10m0.5s code 2", "20m1s code 3", "30m1.5s code 4", "40m2s code 5")
		l.pass(30 * time.Minute)
		l.saw()
		l.press(click) // ends the rest
		l.is(control.StatePairing, "")
		l.pass(36 * time.Hour)
		// A round is 50 minutes and an hour: 19 rounds, and what has begun of the next.
		if n := len(l.drain()); n < 19*5 || n > 20*5 {
			l.Errorf("%d codes in 36 hours", n)
		}
	})
}

func TestDenied(t *testing.T) {
	bubble(t, denies, func(l *lab) {
		l.press(click)
		l.pass(time.Minute)
		l.is(control.StateUnpaired, "denied")
		l.pass(24 * time.Hour)
		l.saw("100ms code 1")
		l.press(click)
		l.is(control.StatePairing, "") // the problem is over
		l.pass(time.Minute)
		if got := strings.Join(l.events(), " "); got != "pairing denied pairing denied" {
			l.Errorf("events: %s", got)
		}
	})
}

func TestDeniedAuto(t *testing.T) {
	bubble(t, setups(auto, denies), func(l *lab) {
		l.pass(2 * time.Hour)
		l.saw("0s code 1", "1h0m20s code 2")
	})
}

// A press while the server cannot be reached cuts the back-off short.
func TestPressInBackOff(t *testing.T) {
	down := true
	bubble(t, func(l *lab) {
		l.auth.begin = func(int) error {
			if down {
				return fails(deviceauth.NoNetwork)
			}
			return nil
		}
	}, func(l *lab) {
		l.press(click)
		l.pass(100 * time.Second)
		l.is(control.StateUnpaired, "no_network")
		l.drain()
		l.press(click)
		l.pass(750 * time.Millisecond)
		l.saw("1m40.2s no code", "1m40.8s no code") // and the waits begin again: half a second, a second
		l.auth.change(func() { down = false })
		l.press(click)
		l.press(click)
		l.press(click)
		l.pass(beginEvery)
		l.is(control.StatePairing, "")
		l.pass(10 * time.Second) // none of them asks for a second code
		l.is(control.StatePairing, "")
		if n := l.auth.codes.n(); n != 1 {
			t.Errorf("%d codes", n)
		}
	})
}

// Retry-After holds the loop back, but not a person.
func TestRetryAfterWhilePairing(t *testing.T) {
	bubble(t, func(l *lab) {
		l.auth.begin = func(n int) error {
			if n == 1 {
				return &deviceauth.Error{Kind: deviceauth.Server, Op: "device authorization", Detail: "503", RetryAfter: 30 * time.Minute}
			}
			return nil
		}
	}, func(l *lab) {
		l.press(click)
		l.pass(time.Hour)
		l.saw("100ms no code", "30m0.1s code 1", "30m30.1s approved", "30m30.1s serve A1")
	})
}

func TestPressWhilePairing(t *testing.T) {
	bubble(t, neverApproved, func(l *lab) {
		l.press(click)
		l.press(click) // wakes the panel
		l.press(click)
		l.saw("100ms code 1")
		if n := l.panel.wakes; n != 3 {
			t.Errorf("the panel was woken %d times by three presses", n)
		}
		l.press(4 * time.Second)
		l.pass(time.Second)
		l.saw("5.1s code 2") // one device authorization request in 5 s
		for range 100 {
			if err := l.Pair(l.Context()); err != nil {
				t.Error(err)
			}
			l.pass(100 * time.Millisecond)
		}
		l.saw("10.1s code 3", "15.1s code 4")
		l.pass(5 * time.Second)
		l.saw("20.1s code 5")
		if l.Status().Pairing.UserCode != "CODE-5" {
			t.Errorf("%+v", l.Status().Pairing)
		}
	})
}

// A press before the store was read counts.
func TestPressBeforeReady(t *testing.T) {
	bubble(t, func(l *lab) { l.broken.Store(true) }, func(l *lab) {
		l.press(click)
		l.is(control.StateStarting, "storage")
		l.broken.Store(false)
		l.pass(10 * time.Second)
		l.is(control.StatePairing, "")
	})
}

// To a device that turns out to be paired such a press means nothing.
func TestClickBeforeReadyPaired(t *testing.T) {
	disk := &countingStore{}
	disk.blind.Store(true)
	bubble(t, setups(paired(0, nil), func(l *lab) { l.o.Store = disk }), func(l *lab) {
		l.press(click)
		disk.blind.Store(false)
		l.pass(time.Minute)
		l.is(control.StatePaired, "")
		l.press(hold)
		l.is(control.StatePairing, "")
	})
}

// Presses while the server takes its time to give a code are answered by that code.
func TestPressWhileAsking(t *testing.T) {
	bubble(t, setups(neverApproved, func(l *lab) { l.auth.slowCode = 30 * time.Second }), func(l *lab) {
		l.press(click)
		l.press(click)
		l.press(hold)
		l.pass(time.Minute)
		l.is(control.StatePairing, "")
		l.saw("30.1s code 1")
	})
}

// A code that has ended is not taken up again at the next start.
func TestEndedCodeIsNotResumed(t *testing.T) {
	bubble(t, denies, func(l *lab) {
		l.press(click)
		l.pass(time.Minute)
		l.reboot()
		l.is(control.StateUnpaired, "")
	})
}
