package agent

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/telemetry"
)

var (
	flap         = &telemetry.Error{Kind: telemetry.Broker, Detail: "the broker closed the connection"}
	unauthorized = &telemetry.Error{Kind: telemetry.BrokerAuth, Detail: "refused (CONNACK 5)"}
)

// session is how one ends: refused at once where it lasts 0.
type session struct {
	lasts time.Duration
	err   error
}

// sessions end so in turn; later ones last.
func sessions(list ...session) func(*lab) {
	return func(l *lab) {
		l.link.accept = func(n int, _ telemetry.Credentials) (time.Duration, error) {
			if n <= len(list) {
				return list[n-1].lasts, list[n-1].err
			}
			return -1, nil
		}
	}
}

func refusesAll(err error) func(*lab) {
	return func(l *lab) {
		l.link.accept = func(int, telemetry.Credentials) (time.Duration, error) { return 0, err }
	}
}

// Waits grow to five minutes, with jitter; the first is spread.
func TestBrokerBackOff(t *testing.T) {
	var tries []time.Time
	random := rand.New(rand.NewPCG(1, 2))
	bubble(t, setups(lives(1000*time.Hour), paired(0, nil), spread, func(l *lab) {
		l.o.Rand = func(d time.Duration) time.Duration { return time.Duration(random.Int64N(int64(max(d, 1)))) }
		l.link.accept = func(int, telemetry.Credentials) (time.Duration, error) {
			tries = append(tries, time.Now())
			return 0, flap
		}
	}), func(l *lab) {
		l.pass(24 * time.Hour)
		l.is(control.StatePaired, "broker")
		if s := l.Status(); s.Broker.State != control.BrokerConnecting || s.Broker.Error == "" {
			t.Errorf("%+v", s.Broker)
		}
		var waits []time.Duration
		for i, at := range tries[1:] {
			waits = append(waits, at.Sub(tries[i]))
		}
		if waits[0] > time.Minute {
			t.Errorf("first wait %v", waits[0])
		}
		late := waits[12:]
		low, high := slices.Min(late), slices.Max(late)
		if low < 30*time.Second || low > 60*time.Second || high < 270*time.Second || high > 300*time.Second {
			t.Errorf("waits of %v to %v, want full jitter below 5 minutes and not under a tenth of them", low, high)
		}
	})
}

// "Back-off resets after 60 s of a stable session, not before."
func TestBrokerFlaps(t *testing.T) {
	for _, tt := range []struct {
		name  string
		lasts time.Duration
		least int // sessions in six hours
		most  int
	}{
		{"unstable", 59 * time.Second, 100, 150}, // 59 s and 150 s between them
		{"stable", 61 * time.Second, 300, 360},   // 61 s and the spread
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, setups(lives(1000*time.Hour), paired(0, nil), func(l *lab) {
				l.o.Spread = 8 * time.Second
				l.link.accept = func(int, telemetry.Credentials) (time.Duration, error) { return tt.lasts, flap }
			}), func(l *lab) {
				l.pass(6 * time.Hour)
				if n := l.link.sessions.n(); n < tt.least || n > tt.most {
					t.Errorf("%d sessions", n)
				}
			})
		})
	}
}

// Connects that hang for a minute and then fail are no stable sessions.
func TestBrokerHangs(t *testing.T) {
	bubble(t, setups(lives(1000*time.Hour), paired(0, nil), func(l *lab) {
		l.o.Link = &hangingLink{l.link}
	}), func(l *lab) {
		l.pass(24 * time.Hour)
		if n := l.link.sessions.n(); n > 24*60*60/200 {
			t.Errorf("%d tries in a day", n)
		}
	})
}

// A session may be stable over many short tokens.
func TestStableOverSwaps(t *testing.T) {
	bubble(t, setups(lives(20*time.Second), paired(0, nil), func(l *lab) {
		l.link.accept = func(n int, c telemetry.Credentials) (time.Duration, error) {
			if n%10 == 0 {
				return 5 * time.Second, flap
			}
			return -1, nil
		}
	}), func(l *lab) {
		l.pass(time.Hour)
		l.is(control.StatePaired, "")
		gaps := 0
		for _, line := range l.drain() {
			if strings.Contains(line, "lost") {
				gaps++
			}
		}
		if gaps < 27 { // every tenth session, each of 13.5 s, and then on at once
			t.Errorf("%d sessions were lost: the waits grow", gaps)
		}
	})
}

// A token that the broker refuses costs one refresh, then it is slow.
func TestBrokerRefusesToken(t *testing.T) {
	bubble(t, setups(lives(1000*time.Hour), paired(0, nil), refusesAll(unauthorized)), func(l *lab) {
		l.pass(time.Second)
		l.saw("0s refused A1", "0s refresh R1", "0s refused A2")
		l.is(control.StatePaired, "broker_auth")
		if s := l.Status(); s.Broker.State != control.BrokerRefused || s.Broker.Error == "" {
			t.Errorf("%+v", s.Broker)
		}
		l.pass(24 * time.Hour)
		if n := len(l.drain()); n < 100 || n > 300 {
			t.Errorf("%d tries in a day", n)
		}
		if n := l.auth.refreshes.n(); n != 1 {
			t.Errorf("%d refreshes", n)
		}
		if got := strings.Join(l.link.sent(), " "); got != "broker_refused problem" && got != "problem broker_refused" {
			t.Errorf("events: %s", got)
		}
		l.link.change(nil)
		l.pass(15 * time.Minute)
		l.is(control.StatePaired, "")
	})
}

// A password of the broker's own that it refuses costs no refresh, and refreshes end no session.
func TestBrokerRefusesStaticPassword(t *testing.T) {
	bubble(t, setups(paired(0, nil), refusesAll(unauthorized), func(l *lab) { l.link.static = true }), func(l *lab) {
		l.pass(time.Second)
		l.saw("0s refused A1")
		l.is(control.StatePaired, "broker_auth")
		l.link.change(nil)
		l.pass(10 * time.Hour)
		lines := strings.Join(l.drain(), " ")
		if strings.Count(lines, "serve") != 1 || strings.Contains(lines, "end ") {
			t.Error(lines)
		}
	})
}

// Short tokens that the broker refuses are not refreshed more often for it.
func TestBrokerRefusesShortTokens(t *testing.T) {
	bubble(t, setups(lives(10*time.Minute), paired(0, nil), refusesAll(unauthorized)), func(l *lab) {
		l.pass(24 * time.Hour)
		if n, most := l.auth.refreshes.n(), 24*60*60/405+2; n > most {
			t.Errorf("%d refreshes, want %d", n, most)
		}
	})
}

// Once a fresh token was accepted the next refusal is renewed again, and reported again.
func TestBrokerRefusesLater(t *testing.T) {
	bubble(t, setups(lives(1000*time.Hour), paired(0, nil),
		sessions(session{0, unauthorized}, session{time.Hour, flap}, session{0, unauthorized})), func(l *lab) {
		l.pass(2 * time.Hour)
		l.saw("0s refused A1", "0s refresh R1", "0s serve A2", "1h0m0s lost A2", "1h0m0.1s refused A2", "1h0m0.1s refresh R2", "1h0m0.1s serve A3")
	})
}

// The token is refused and cannot be renewed: slowly, and in the keeper's time.
func TestBrokerRefusesAndServerDown(t *testing.T) {
	bubble(t, setups(lives(1000*time.Hour), paired(0, nil), refusesAll(unauthorized), always(fails(deviceauth.Server))), func(l *lab) {
		l.pass(24 * time.Hour)
		l.is(control.StatePaired, "server")
		if n := l.link.sessions.n(); n > 300 {
			t.Errorf("%d sessions", n)
		}
		if s := l.Status(); s.Broker.State != control.BrokerRefused {
			t.Errorf("%+v", s.Broker)
		}
	})
}

// The session and the agent notice the end of the token at the same time: it is no refusal.
func TestTokenOver(t *testing.T) {
	for range 20 {
		bubble(t, setups(paired(0, nil), always(fails(deviceauth.Server)), func(l *lab) { l.o.Link = &punctualLink{l.link} }), func(l *lab) {
			l.pass(2 * time.Hour)
			if s := l.Status(); s.Broker.State != control.BrokerOff || strings.Join(l.events(), " ") != "online offline" {
				t.Errorf("%+v, %v", s.Broker, l.events())
			}
		})
	}
}

func TestBrokerKinds(t *testing.T) {
	for _, tt := range []struct {
		err     *telemetry.Error
		state   string
		problem string
	}{
		{&telemetry.Error{Kind: telemetry.Misconfigured, Detail: "CONNACK 2"}, control.BrokerRefused, "config"},
		{&telemetry.Error{Kind: telemetry.TLS, Detail: "certificate"}, control.BrokerConnecting, "tls"},
		{&telemetry.Error{Kind: telemetry.Broker, Detail: "CONNACK 3"}, control.BrokerConnecting, "broker"},
	} {
		bubble(t, setups(paired(0, nil), refusesAll(tt.err)), func(l *lab) {
			l.pass(10 * time.Minute)
			l.is(control.StatePaired, tt.problem)
			if b := l.Status().Broker; b.State != tt.state || b.Error != tt.err.Detail {
				t.Errorf("%+v", b)
			}
		})
	}
}

func TestBrokerRetryAfter(t *testing.T) {
	wait := &telemetry.Error{Kind: telemetry.Broker, Detail: "503", RetryAfter: 20 * time.Minute}
	bubble(t, setups(paired(0, nil), sessions(session{0, wait})), func(l *lab) {
		l.pass(30 * time.Minute)
		l.saw("0s refused A1", "20m0s serve A1")
	})
}

// A new token is no reason to try a broker again that is down; another pairing is.
func TestBrokerDownAndShortTokens(t *testing.T) {
	bubble(t, setups(lives(time.Minute), paired(0, nil), refusesAll(flap)), func(l *lab) {
		l.pass(6 * time.Hour)
		if n := l.link.sessions.n(); n > 6*3600/150+15 {
			t.Errorf("%d tries", n)
		}
		l.drain()
		l.link.change(nil)
		l.press(hold)
		l.pass(31 * time.Second)
		if s := l.Status(); s.Broker.State != control.BrokerOnline || s.Broker.Oversized != 5 || !s.Broker.Unretained {
			t.Errorf("%+v", s.Broker)
		}
	})
}

// Readings are taken as long as there is a grant, and only then.
func TestSampling(t *testing.T) {
	bubble(t, setups(paired(0, nil), always(fails(deviceauth.Server))), func(l *lab) {
		l.pass(3 * time.Hour) // the token is over and cannot be renewed
		if n := l.link.samplers.Load(); n != 1 {
			t.Errorf("%d samplers", n)
		}
		l.auth.change(func() { l.auth.refresh = func(int) error { return fails(deviceauth.Gone) } })
		l.pass(2 * time.Minute)
		l.is(control.StateUnpaired, "")
		if n := l.link.samplers.Load(); n != 0 {
			t.Errorf("%d samplers", n)
		}
	})
}
