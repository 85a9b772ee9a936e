package agent

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
)

// refuses answers refreshes with the errors in turn, nil and beyond the end of the list: granted.
func refuses(errs ...error) func(*lab) {
	return func(l *lab) {
		l.auth.refresh = func(n int) error {
			if n <= len(errs) {
				return errs[n-1]
			}
			return nil
		}
	}
}

// always answers each refresh so.
func always(err error) func(*lab) {
	return func(l *lab) { l.auth.refresh = func(int) error { return err } }
}

func lives(d time.Duration) func(*lab) {
	return func(l *lab) { l.auth.lifetime = d }
}

// Refreshes come after 60 to 75 % of any lifetime, with and without a broker, and no session has a gap.
func TestRefreshAheadOfTime(t *testing.T) {
	for life, times := range map[time.Duration]float64{2 * time.Second: 10, time.Minute: 10, time.Hour: 10, 24 * time.Hour: 3, 7 * 24 * time.Hour: 1} {
		for _, rnd := range []float64{0, 0.99} {
			t.Run(fmt.Sprint(life, rnd), func(t *testing.T) {
				var last time.Time
				bubble(t, setups(lives(life), paired(0, nil), func(l *lab) {
					last = time.Now()
					l.o.Rand = func(d time.Duration) time.Duration { return time.Duration(rnd * float64(d)) }
					if rnd == 0 {
						l.o.Link = nil
					}
					l.auth.refresh = func(n int) error {
						if age := time.Since(last); age < life*60/100 || age > life*75/100 {
							t.Errorf("refresh %d after %v", n, age)
						}
						last = time.Now()
						return nil
					}
				}), func(l *lab) {
					l.pass(time.Duration(times * float64(life)))
					if n := float64(l.auth.refreshes.n()); n < times/0.75-1 || n > times/0.60 {
						t.Errorf("%v refreshes in %v lifetimes", n, times)
					}
					l.is(control.StatePaired, "")
				})
			})
		}
	}
}

func TestTokenSwap(t *testing.T) {
	bubble(t, paired(0, nil), func(l *lab) {
		l.pass(time.Hour)
		l.saw("0s serve A1", "40m30s refresh R1", "40m30s end A1: swapping the token", "40m30s serve A2")
		if s := l.Status(); s.Broker.State != control.BrokerOnline || s.Grant.ExpiresIn != 40*60+30 {
			t.Errorf("%+v %+v", s.Broker, s.Grant)
		}
		l.pass(5 * time.Hour)
		if got := l.panel.changes(); got != "Starting Paired Online" && got != "Paired Online" && got != "Starting Online" && got != "Online" {
			t.Errorf("the panel showed %s", got) // how much of the start is seen is chance; a swap is not seen
		}
	})
}

// "A refresh whose answer was lost is repeated at once with the same token."
func TestRefreshAnswerLost(t *testing.T) {
	bubble(t, setups(paired(0, nil), refuses(fails(deviceauth.Lost))), func(l *lab) {
		l.pass(time.Hour)
		l.saw("0s serve A1", "40m30s refresh R1", "40m30s refresh R1", "40m30s end A1: swapping the token", "40m30s serve A2")
		l.is(control.StatePaired, "")
	})
}

// Lost twice, then invalid_grant: that was the one retry.
func TestRefreshLostThenGone(t *testing.T) {
	bubble(t, setups(paired(0, nil), refuses(fails(deviceauth.Lost), fails(deviceauth.Gone))), func(l *lab) {
		l.pass(41 * time.Minute)
		l.is(control.StateUnpaired, "")
	})
}

func TestRefreshDoubtful(t *testing.T) {
	bubble(t, setups(paired(0, nil), always(fails(deviceauth.Doubtful))), func(l *lab) {
		l.pass(50 * time.Minute)
		l.is(control.StatePaired, "server")
		l.pass(time.Minute)
		l.is(control.StateUnpaired, "")
		l.saw("0s serve A1", "40m30s refresh R1", "45m30s refresh R1", "50m30s refresh R1")
		l.pass(24 * time.Hour)
		l.saw("1h0m0s end A1: the access token expired")
	})
}

func TestRefreshDoubtfulOnce(t *testing.T) {
	bubble(t, setups(paired(0, nil), refuses(fails(deviceauth.Doubtful), fails(deviceauth.Doubtful))), func(l *lab) {
		l.pass(51 * time.Minute)
		l.is(control.StatePaired, "")
	})
}

// A grant that is gone leaves the session running until its token ends.
func TestGrantGone(t *testing.T) {
	bubble(t, setups(paired(0, nil), always(fails(deviceauth.Gone))), func(l *lab) {
		l.pass(50 * time.Minute)
		l.is(control.StateUnpaired, "")
		if s := l.Status(); s.Broker.State != control.BrokerOnline || s.Grant != nil {
			t.Errorf("%+v, %+v", s.Broker, s.Grant)
		}
		l.pass(20 * time.Minute)
		if s := l.Status(); s.Broker.State != control.BrokerOff {
			t.Errorf("%+v", s.Broker)
		}
		l.saw("0s serve A1", "40m30s refresh R1", "1h0m0s end A1: the access token expired")
		if got := strings.Join(l.events(), " "); got != "online unpaired offline" {
			t.Errorf("events: %s", got)
		}
		l.reboot()
		l.is(control.StateUnpaired, "")
		l.press(click)
		l.is(control.StatePairing, "")
	})
}

// The broker breaks the session after the grant is gone: that is no trouble of the broker's.
func TestGrantGoneAndSessionLost(t *testing.T) {
	bubble(t, setups(paired(0, nil), always(fails(deviceauth.Gone)), sessions(session{50 * time.Minute, unauthorized})), func(l *lab) {
		l.pass(2 * time.Hour)
		l.is(control.StateUnpaired, "")
		l.saw("0s serve A1", "40m30s refresh R1", "50m0s lost A1")
		if got := strings.Join(l.events(), " "); got != "online unpaired offline" {
			t.Errorf("events: %s", got)
		}
	})
}

func TestGrantGoneAuto(t *testing.T) {
	bubble(t, setups(auto, paired(0, nil), always(fails(deviceauth.Gone))), func(l *lab) {
		l.pass(41*time.Minute + 10*time.Second)
		l.saw("0s serve A1", "40m30s refresh R1", "40m30s code 1", "41m0s approved", "41m0s end A1: swapping the token", "41m0s serve A2")
		l.is(control.StatePaired, "")
	})
}

func TestRefreshMisconfigured(t *testing.T) {
	bubble(t, setups(paired(0, nil), always(fails(deviceauth.Misconfigured))), func(l *lab) {
		l.pass(24 * time.Hour)
		l.is(control.StatePaired, "config")
		if n := l.auth.refreshes.n(); n < 23*59 || n > 24*61 {
			t.Errorf("%d refreshes in a day, want one a minute", n)
		}
	})
}

// "Longest wait before a retry: 60 s [...] without a valid access token": one that ends meanwhile is none.
func TestRefreshMisconfiguredShort(t *testing.T) {
	bubble(t, setups(lives(400*time.Second), paired(0, nil), always(fails(deviceauth.Misconfigured))), func(l *lab) {
		l.pass(350 * time.Second)
		l.saw("0s serve A1", "4m30s refresh R1", "5m30s refresh R1")
	})
}

// 5xx for days never unpairs; the waits grow to a minute at most once the token is over.
func TestServerDownForDays(t *testing.T) {
	for kind, long := range map[deviceauth.Kind]time.Duration{
		deviceauth.Server: 2 * 24 * time.Hour, deviceauth.NoNetwork: time.Hour, deviceauth.TLS: time.Hour, deviceauth.CaptivePortal: time.Hour,
	} {
		down := true
		bubble(t, setups(paired(0, nil), func(l *lab) {
			l.auth.refresh = func(int) error {
				if down {
					return fails(kind)
				}
				return nil
			}
		}), func(l *lab) {
			l.pass(50 * time.Minute)
			l.is(control.StatePaired, string(kind))
			if l.Status().Broker.State != control.BrokerOnline {
				t.Error("the session has not outlived the failed refresh")
			}
			l.pass(long)
			l.is(control.StatePaired, string(kind))
			before := l.auth.refreshes.n()
			l.pass(time.Hour)
			if n := l.auth.refreshes.n() - before; n < 60 || n > 130 {
				t.Errorf("%d tries an hour", n)
			}
			l.auth.change(func() { down = false })
			l.pass(time.Minute)
			l.is(control.StatePaired, "")
			if l.Status().Broker.State != control.BrokerOnline {
				t.Error("not online again")
			}
		})
	}
}

func TestRefreshRetryAfter(t *testing.T) {
	wait := &deviceauth.Error{Kind: deviceauth.Server, Op: "refresh", Detail: "503", RetryAfter: 45 * time.Minute}
	bubble(t, setups(paired(0, nil), refuses(wait)), func(l *lab) {
		l.pass(2 * time.Hour)
		l.saw("0s serve A1", "40m30s refresh R1", "1h0m0s end A1: the access token expired", "1h25m30s refresh R1", "1h25m30s serve A2")
	})
}

// "An expired access token with no refresh token: `unpaired`."
func TestNoRefreshToken(t *testing.T) {
	bubble(t, setups(func(l *lab) { l.auth.noRenew = true }, paired(0, nil)), func(l *lab) {
		l.pass(59*time.Minute + 59*time.Second)
		l.is(control.StatePaired, "")
		l.pass(time.Second)
		l.is(control.StateUnpaired, "")
		l.saw("0s serve A1", "1h0m0s end A1: the access token expired")
	})
}

// "a token without `expires_in` is used until refused"
func TestNoExpiresIn(t *testing.T) {
	bubble(t, setups(lives(0), paired(0, nil), sessions(session{10 * 24 * time.Hour, flap}, session{0, unauthorized})), func(l *lab) {
		l.pass(11 * 24 * time.Hour)
		l.saw("0s serve A1", "240h0m0s lost A1", "240h0m0.1s refused A1", "240h0m0.1s refresh R1", "240h0m0.1s serve A2")
	})
}
