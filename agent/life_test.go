package agent

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/telemetry"
)

// stops measures how long Run takes to return.
func (l *lab) stops() time.Duration {
	began := time.Now()
	l.stop()
	return time.Since(began)
}

// "otherwise the daemon is gone within 2 s", in whatever state; that no goroutine is left the bubble itself
// checks.
func TestStop(t *testing.T) {
	for name, tt := range map[string]struct {
		setup func(*lab)
		after time.Duration
		press time.Duration
	}{
		"at once":       {nil, 0, 0},
		"unpaired":      {nil, time.Hour, 0},
		"pairing":       {neverApproved, time.Second, click},
		"back-off":      {func(l *lab) { l.auth.begin = func(int) error { return fails(deviceauth.Server) } }, time.Hour, click},
		"online":        {paired(0, nil), time.Second, 0},
		"pairing again": {setups(paired(0, nil), neverApproved), time.Second, hold},
		"refused":       {setups(paired(0, nil), refusesAll(unauthorized)), time.Hour, 0},
		"server down":   {setups(paired(0, nil), always(fails(deviceauth.Server))), 2 * time.Hour, 0},
		"disk broken":   {func(l *lab) { l.broken.Store(true) }, time.Hour, 0},
		"clock unset":   {func(l *lab) { l.floor = l.began.Add(time.Hour) }, time.Minute, click},
		"button held":   {nil, 0, -1},
		"no broker":     {setups(paired(0, nil), func(l *lab) { l.o.Link = nil }), time.Hour, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, setups(func(l *lab) { l.o.Alive, l.o.AliveEvery = func() {}, 40*time.Second }, func(l *lab) {
				if tt.setup != nil {
					tt.setup(l)
				}
			}), func(l *lab) {
				switch {
				case tt.press < 0:
					l.button <- Edge{Down: true, At: time.Now()}
				case tt.press > 0:
					l.press(tt.press)
				}
				l.pass(tt.after)
				if d := l.stops(); d > 2*time.Second {
					t.Errorf("stopped after %v", d)
				}
			})
		})
	}
}

// "SIGTERM waits for a refresh in flight, 10 s at most".
func TestStopDuringRefresh(t *testing.T) {
	for slow, most := range map[time.Duration]time.Duration{5 * time.Second: 4 * time.Second, 25 * time.Second: 10 * time.Second} {
		bubble(t, setups(paired(0, nil), func(l *lab) { l.auth.slow = slow }), func(l *lab) {
			l.pass(40*time.Minute + 31*time.Second)
			if d := l.stops(); d != most {
				t.Errorf("a refresh of %v: stopped after %v, want %v", slow, d, most)
			}
			st, err := l.store.Load()
			if err != nil {
				t.Fatal(err)
			}
			if done := slow < 10*time.Second; done != (st.Grant.RefreshToken == "R2") || done == st.Intent {
				t.Errorf("refresh token %s, intent %v", st.Grant.RefreshToken, st.Intent)
			}
		})
	}
}

// No refresh begins once the daemon is being stopped, whatever the stop waits for.
func TestNoRefreshWhileStopping(t *testing.T) {
	bubble(t, setups(paired(0, nil), func(l *lab) { l.o.Auth = &lateAuth{l.auth, 2 * time.Second} }), func(l *lab) {
		l.pass(30 * time.Minute)
		l.press(hold)
		l.pass(10*time.Minute + 25*time.Second)
		l.stop()
		if n := l.auth.refreshes.n(); n != 0 {
			t.Errorf("%d refreshes", n)
		}
	})
}

// No second refresh, either.
func TestNoRefreshAtStop(t *testing.T) {
	bubble(t, setups(paired(0, nil), func(l *lab) {
		l.link.accept = func(int, telemetry.Credentials) (time.Duration, error) { return 0, unauthorized }
		l.auth.slow = 5 * time.Second
	}), func(l *lab) {
		l.pass(time.Second) // the forced refresh is in flight
		l.stop()
		l.saw("0s refused A1", "0s refresh R1")
	})
}

// A heartbeat while all loops answer, in each state of theirs; a slow server does not stop it.
func TestHeartbeat(t *testing.T) {
	for name, setup := range map[string]func(*lab){
		"unpaired": func(*lab) {}, "auto": setups(auto, neverApproved), "online": paired(0, nil),
		"slow server": setups(paired(0, nil), lives(time.Minute), func(l *lab) { l.auth.slow = 20 * time.Second }),
		"disk broken": func(l *lab) { l.broken.Store(true) },
		"disk unreadable": func(l *lab) {
			disk := &countingStore{}
			disk.blind.Store(true)
			l.o.Store = disk
		},
		"reset": paired(0, nil),
	} {
		var beats counter
		bubble(t, setups(setup, func(l *lab) { l.o.Alive, l.o.AliveEvery = func() { beats.next() }, 40*time.Second }), func(l *lab) {
			if name == "reset" {
				l.broken.Store(true)
				if r, err := l.Reset(l.Context()); err != nil || r.Erased {
					t.Errorf("%+v, %v", r, err)
				}
			}
			l.pass(time.Hour + time.Second)
			if beats.n() != 90 {
				t.Errorf("%s: %d beats in an hour", name, beats.n())
			}
			l.broken.Store(false)
		})
	}
}

// A loop that hangs, in a store that does not return say, stops the heartbeat: the watchdog does the rest.
func TestHeartbeatStops(t *testing.T) {
	var beats counter
	hang := make(chan struct{})
	bubble(t, setups(paired(0, nil), func(l *lab) {
		hang = make(chan struct{})
		l.o.Store = &countingStore{hang: hang}
		l.o.Alive, l.o.AliveEvery = func() { beats.next() }, 40*time.Second
	}), func(l *lab) {
		l.pass(2 * time.Hour)
		if beats.n() > 61 || beats.n() < 60 { // until the intent of the first refresh at 40 m 30 s
			t.Errorf("%d beats", beats.n())
		}
		close(hang)
		l.pass(time.Minute)
		if beats.n() < 61 {
			t.Errorf("%d beats", beats.n())
		}
	})
}

// "nothing may tick": online and idle the view is looked at twice a minute, and no more.
func TestIdleWakeUps(t *testing.T) {
	bubble(t, setups(lives(1000*time.Hour), paired(0, nil)), func(l *lab) {
		l.pass(time.Minute)
		_, before := l.panel.now()
		l.pass(time.Hour)
		if _, n := l.panel.now(); n-before > 121 {
			t.Errorf("%d looks in an hour", n-before)
		}
		// Trouble that goes on is no change either.
		l.PanelTrouble(errUnsaved)
		l.pass(time.Second)
		_, before = l.panel.now()
		for range 100 {
			l.PanelTrouble(errUnsaved)
			l.pass(time.Millisecond)
		}
		if _, n := l.panel.now(); n != before {
			t.Errorf("%d looks for nothing", n-before)
		}
	})
}

// Hooks and the control API get the code, which the API keeps from those who may not pair (TestFrame there). A token goes nowhere.
func TestEvents(t *testing.T) {
	bubble(t, func(l *lab) { l.synced.Store(true) }, func(l *lab) {
		ctx, cancel := context.WithCancel(l.Context())
		events := l.Events(ctx)
		idleReader := l.Events(ctx)
		l.press(click)
		l.pass(time.Minute)
		for range 20 {
			l.press(hold)
			l.pass(time.Minute)
		}
		pairing, done := string(<-events), string(<-events)
		if pairing != `{"expires_in":600,"ts":"2000-01-01T00:00:00Z","type":"pairing","user_code":"CODE-1","verification_uri":"https://as/d","verification_uri_complete":""}` {
			t.Error(pairing)
		}
		if done != `{"subject":"alice","ts":"2000-01-01T00:00:30Z","type":"paired"}` {
			t.Error(done)
		}
		l.mu.Lock()
		hooked := strings.Join(l.hooked, "\n")
		l.mu.Unlock()
		if !strings.Contains(hooked, `"user_code":"CODE-1"`) || strings.Contains(hooked, "device1") || strings.Contains(hooked, "A1") {
			t.Error(hooked)
		}
		cancel()
		synctest.Wait()
		for range idleReader { // closed, and it has blocked no one
		}
	})
}

// Whose driver ends does not make the agent spin.
func TestButtonGone(t *testing.T) {
	bubble(t, nil, func(l *lab) {
		close(l.button)
		l.pass(time.Minute)
		if err := l.Pair(l.Context()); err != nil {
			t.Error(err)
		}
		l.pass(time.Second)
		l.is(control.StatePairing, "")
	})
}

// Trouble while polling is shown, and over with the code.
func TestWaitTrouble(t *testing.T) {
	bubble(t, neverApproved, func(l *lab) {
		l.press(click)
		l.WaitTrouble("no_network", "no route")
		l.is(control.StatePairing, "no_network")
		l.press(hold)
		l.pass(time.Second)
		l.is(control.StatePairing, "")
		l.WaitTrouble("server", "502")
		l.WaitTrouble("", "")
		l.is(control.StatePairing, "")
	})
}

func TestIdentify(t *testing.T) {
	bubble(t, paired(0, nil), func(l *lab) {
		l.pass(time.Minute)
		was, _ := l.panel.now()
		l.Identify()
		l.pass(time.Second)
		if s, _ := l.panel.now(); s == was {
			t.Errorf("%#v", s)
		}
		l.pass(16 * time.Second)
		if s, _ := l.panel.now(); s != was {
			t.Errorf("%#v", s)
		}
	})
}

// Loaded and Token wait for a disk that cannot be read, five seconds.
func TestLoaded(t *testing.T) {
	disk := &countingStore{}
	disk.blind.Store(true)
	bubble(t, setups(paired(0, nil), func(l *lab) { l.o.Store = disk }), func(l *lab) {
		began := time.Now()
		if err := l.Loaded(l.Context()); code(err) != control.Storage || time.Since(began) != 5*time.Second {
			t.Error(err, time.Since(began))
		}
		l.is(control.StateStarting, "storage")
		disk.blind.Store(false)
		l.pass(time.Second)
		l.wants("", 0, false, "A1")
		if err := l.Loaded(l.Context()); err != nil {
			t.Error(err)
		}
		l.is(control.StatePaired, "")
	})
}
