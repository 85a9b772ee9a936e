package agent

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
)

func printer(l *lab) {
	l.o.Audiences = map[string]deviceauth.AudienceRequest{"print": {Resource: "https://print"}, "scan": {Resource: "https://scan"}}
}

// wants asks for a token and compares.
func (l *lab) wants(name string, minTTL time.Duration, fresh bool, want string) {
	l.Helper()
	tok, err := l.Token(l.Context(), name, minTTL, fresh)
	got := tok.AccessToken
	if err != nil {
		got = string(code(err))
	}
	if got != want {
		l.Errorf("token %q min_ttl=%v fresh=%v: %s (%v), want %s", name, minTTL, fresh, got, err, want)
	}
}

func TestToken(t *testing.T) {
	bubble(t, paired(0, nil), func(l *lab) {
		l.wants("", time.Minute, false, "A1")
		tok, err := l.Token(l.Context(), "", 0, false)
		if err != nil || tok.ExpiresIn != 3600 || tok.TokenType != "Bearer" {
			t.Errorf("%+v, %v", tok, err)
		}
		l.pass(35 * time.Minute)
		l.wants("", 20*time.Minute, false, "A1")
		l.wants("", 29*time.Minute, false, "A2") // less is left
		l.wants("", 24*time.Hour, false, "A2")   // half a lifetime at most, or each call would refresh
		l.wants("", 24*time.Hour, false, "A2")
		l.wants("unknown", 0, false, "bad_request")
	})
}

// "one forced refresh a minute at most"
func TestTokenFresh(t *testing.T) {
	bubble(t, paired(0, nil), func(l *lab) {
		l.wants("", 0, true, "A2")
		l.wants("", 0, true, "A2")
		l.pass(59 * time.Second)
		l.wants("", 0, true, "A2")
		l.pass(time.Second)
		l.wants("", 0, true, "A3")
	})
}

func TestTokenUnpaired(t *testing.T) {
	bubble(t, setups(neverApproved, printer), func(l *lab) {
		l.wants("", 0, false, "not_paired")
		l.wants("print", 0, true, "not_paired")
		l.press(click)
		l.wants("", 0, false, "not_paired")
	})
}

// With the server down what is left of the token is the best there is; then it is unavailable, and no caller
// can make the daemon hammer the server.
func TestTokenServerDown(t *testing.T) {
	bubble(t, setups(paired(0, nil), printer, always(fails(deviceauth.Server)), func(l *lab) {
		l.auth.audience = func(int) error { return fails(deviceauth.Server) }
	}), func(l *lab) {
		l.pass(50 * time.Minute)
		l.wants("", 20*time.Minute, false, "A1")
		l.pass(20 * time.Minute)
		l.wants("", 0, false, "unavailable")
		before := l.auth.refreshes.n() + l.auth.furthers.n()
		for range 60 {
			for range 100 {
				l.wants("", 0, false, "unavailable")
				l.wants("print", 0, true, "unavailable")
			}
			l.pass(time.Second)
		}
		if n := l.auth.refreshes.n() + l.auth.furthers.n() - before; n > 12 {
			t.Errorf("%d requests in a minute", n)
		}
	})
}

// Audiences are cached, over the grant's own refreshes too; a refresh token that rotates on the way is kept.
func TestAudience(t *testing.T) {
	bubble(t, setups(paired(0, nil), printer), func(l *lab) {
		l.wants("print", time.Minute, false, "A2")
		l.wants("print", time.Minute, false, "A2")
		l.wants("scan", time.Minute, false, "A3")
		l.wants("", time.Minute, false, "A1")
		l.saw("0s serve A1", "0s audience R1 for https://print", "0s audience R2 for https://scan")
		l.pass(41 * time.Minute)
		l.saw("40m30s refresh R3", "40m30s end A1: swapping the token", "40m30s serve A4")
		l.wants("print", time.Minute, false, "A2")
		l.wants("print", time.Minute, true, "A5") // an API said 401
		l.reboot()
		l.wants("print", 0, false, "A6")
		l.saw("41m0s audience R4 for https://print", "41m0s end A4: context canceled", "41m0s serve A4", "41m0s audience R5 for https://print")
	})
}

// One write for each: the rotated refresh token, then the renewed grant.
func TestAudienceWrites(t *testing.T) {
	disk := &countingStore{}
	bubble(t, setups(paired(0, nil), printer, func(l *lab) { l.o.Store = disk }), func(l *lab) {
		l.wants("print", 0, false, "A2")
		l.pass(time.Hour)
		if disk.intents != 2 || disk.saves != 2 {
			t.Errorf("%d intents, %d grants written", disk.intents, disk.saves)
		}
	})
}

// What was given to one account is not given out under another.
func TestAudienceOfOtherAccount(t *testing.T) {
	bubble(t, setups(paired(0, nil), printer), func(l *lab) {
		l.wants("print", 0, false, "A2")
		l.press(hold)
		l.pass(time.Minute)
		l.wants("print", 0, false, "A4")
	})
}

// Where the refresh token stays as it is the journal is closed: the next start has nothing to repeat.
func TestAudienceWithoutRotation(t *testing.T) {
	disk := &countingStore{}
	bubble(t, setups(paired(0, nil), printer, func(l *lab) { l.auth.steady, l.o.Store = true, disk }), func(l *lab) {
		l.wants("scan", 0, false, "A2")
		l.wants("print", 0, false, "A3")
		if disk.intents != 2 || disk.saves != 0 {
			t.Errorf("%d intents, %d grants written", disk.intents, disk.saves)
		}
		l.reboot()
		l.pass(time.Minute)
		if n := l.auth.refreshes.n(); n != 0 {
			t.Errorf("%d refreshes", n)
		}
		l.wants("print", 0, false, "A4")
		l.pass(time.Hour) // and the journal is opened again for each
		if n := l.auth.refreshes.n(); n != 1 {
			t.Errorf("%d refreshes", n)
		}
	})
}

// The answers an audience's request may get.
func TestAudienceRefused(t *testing.T) {
	for kind, state := range map[deviceauth.Kind]control.State{
		deviceauth.Misconfigured: control.StatePaired, deviceauth.Server: control.StatePaired, deviceauth.Gone: control.StateUnpaired,
		deviceauth.Doubtful: control.StatePaired,
	} {
		bubble(t, setups(paired(0, nil), printer, func(l *lab) {
			l.auth.audience = func(int) error { return fails(kind) }
		}), func(l *lab) {
			want := "unavailable"
			if kind == deviceauth.Gone {
				want = "not_paired"
			}
			l.wants("print", 0, false, want)
			l.is(state, "")
			if l.wants("print", 0, false, want); l.auth.furthers.n() != 1 {
				t.Errorf("%s: asked again at once", kind)
			}
		})
	}
}

// The answer is lost: the same once more, and then the grant's own refresh saves what can be saved.
func TestAudienceLost(t *testing.T) {
	lost := 1
	bubble(t, setups(paired(0, nil), printer, func(l *lab) {
		l.auth.audience = func(n int) error {
			if n <= lost {
				return fails(deviceauth.Lost)
			}
			return nil
		}
	}), func(l *lab) {
		l.wants("print", 0, false, "A2")
		l.saw("0s serve A1", "0s audience R1 for https://print", "0s audience R1 for https://print")
		l.auth.change(func() { lost = 4 })
		l.wants("scan", 0, false, "unavailable")
		l.pass(time.Second)
		if got := strings.Join(l.drain(), " "); !strings.Contains(got, "refresh R2") {
			t.Error(got)
		}
	})
}

// Before the clock is set the token is given out, for it may be good; for how long is unknown.
func TestTokenWithoutClock(t *testing.T) {
	bubble(t, setups(paired(-1000*time.Hour, nil), func(l *lab) { l.floor = l.began.Add(2000 * time.Hour) }), func(l *lab) {
		tok, err := l.Token(l.Context(), "", time.Minute, false)
		if err != nil || tok.AccessToken != "A1" || tok.ExpiresIn != 0 {
			t.Errorf("%+v, %v", tok, err)
		}
		l.saw("0s serve A1") // and tried
	})
}

// A refresh that takes long blocks no caller whom the token in hand satisfies; one who asks for more waits for it,
// and gets the best there is where it takes too long.
func TestTokenDuringRefresh(t *testing.T) {
	bubble(t, setups(paired(0, nil), printer, func(l *lab) { l.auth.slow = 30 * time.Second }), func(l *lab) {
		l.wants("print", 0, false, "A2")
		l.pass(40*time.Minute + 35*time.Second) // the refresh is under way since 5 s
		took := func(want time.Duration, ask func()) {
			l.Helper()
			began := time.Now()
			ask()
			if d := time.Since(began); d != want {
				l.Errorf("took %v, want %v", d, want)
			}
		}
		took(0, func() { l.wants("", time.Minute, false, "A1") })
		took(0, func() { l.wants("print", time.Minute, false, "A2") })
		took(shortWait, func() { l.wants("", 25*time.Minute, false, "A1") })
		took(20*time.Second, func() { l.wants("", 0, true, "A3") }) // an API refused it
		l.is(control.StatePaired, "")
	})
}

// A program that goes away in the middle of a refresh neither stops it nor is waited for.
func TestTokenCallerGone(t *testing.T) {
	bubble(t, setups(paired(0, nil), func(l *lab) { l.auth.slow = 5 * time.Second }), func(l *lab) {
		ctx, cancel := context.WithTimeout(l.Context(), time.Second)
		defer cancel()
		if _, err := l.Token(ctx, "", 0, true); err == nil {
			t.Error("no error")
		}
		l.pass(10 * time.Second)
		l.wants("", 0, false, "A2")
	})
}

// A program that asks a daemon that is stopping gets an answer.
func TestTokenAtEnd(t *testing.T) {
	bubble(t, paired(0, nil), func(l *lab) {
		k := <-l.keeper
		l.keeper <- k
		l.stop()
		if _, err := k.token(context.Background(), 0); !errors.Is(err, errStopping) {
			t.Error(err)
		}
	})
}
