package agent

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/agent/deviceauth"
)

// hookedLike are the events of the hook that contain text.
func (l *lab) hookedLike(text string) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.hooked {
		if strings.Contains(e, text) {
			found = append(found, e)
		}
	}
	return found
}

// A swap of the token is neither offline nor online; a lost session is, with its reason; what comes with each
// reconnect is not queued for the broker.
func TestOnlineAndOffline(t *testing.T) {
	bubble(t, setups(paired(0, nil), sessions(session{2 * time.Hour, flap}, session{time.Minute, flap})), func(l *lab) {
		l.pass(5 * time.Hour)
		got := strings.Join(l.events(), " ")
		want := "online refreshed refreshed offline online refreshed refreshed refreshed refreshed refreshed"
		if strings.ReplaceAll(got, "refreshed ", "") != strings.ReplaceAll(want, "refreshed ", "") {
			t.Errorf("events: %s", got)
		}
		if e := l.hookedLike(`"offline"`); len(e) == 0 || !strings.Contains(e[0], `"reason":"the broker closed the connection"`) {
			t.Errorf("%v", e)
		}
		if e := l.hookedLike(`"refreshed"`); len(e) == 0 || !strings.Contains(e[0], `"expires_in":3600`) {
			t.Errorf("%v", e)
		}
		for kind, n := range l.Counts() {
			if seen := len(l.hookedLike(`"type":"` + string(kind) + `"`)); n != uint64(seen) {
				t.Errorf("%d of %s are counted, %d happened", n, kind, seen)
			}
		}
		if n := l.Counts(); n["online"] != 2 || n["refreshed"] < 6 {
			t.Errorf("counted %v", n)
		}
		for _, kind := range l.link.sent() {
			if kind == "online" || kind == "offline" || kind == "refreshed" || kind == "pairing" {
				t.Errorf("%s is queued for the broker", kind)
			}
		}
	})
}

// A problem begins once and ends once, however often it is reported; both go to hooks and broker.
func TestProblemEvents(t *testing.T) {
	down := true
	bubble(t, setups(paired(0, nil), func(l *lab) {
		l.auth.refresh = func(int) error {
			if down {
				return fails(deviceauth.Server)
			}
			return nil
		}
	}), func(l *lab) {
		l.pass(55 * time.Minute)
		l.auth.change(func() { down = false })
		l.pass(10 * time.Minute)
		begun, ended := l.hookedLike(`"type":"problem"`), l.hookedLike(`"problem_ended"`)
		if len(begun) != 1 || !strings.Contains(begun[0], `"code":"server","detail":"refresh: the server says server"`) {
			t.Errorf("%v", begun)
		}
		if len(ended) != 1 || !strings.Contains(ended[0], `"code":"server","seconds":`) {
			t.Errorf("%v", ended)
		}
		if got := strings.Join(l.link.sent(), " "); got != "problem problem_ended" {
			t.Errorf("to the broker: %s", got)
		}
	})
}

// Without an account the queue has no owner: problems of an unpaired device are not queued.
func TestProblemOfUnpairedIsNotQueued(t *testing.T) {
	bubble(t, func(l *lab) { l.auth.begin = func(int) error { return fails(deviceauth.NoNetwork) } }, func(l *lab) {
		l.press(click)
		l.pass(time.Minute)
		if len(l.hookedLike(`"type":"problem"`)) != 1 || len(l.link.sent()) != 0 {
			t.Errorf("%v, to the broker %v", l.allEvents(), l.link.sent())
		}
	})
}

// One line at each change, repeated trouble summed up, and nothing that names a person or completes a pairing.
func TestLogLines(t *testing.T) {
	var log bytes.Buffer
	down := false
	bubble(t, func(l *lab) {
		l.o.Log = slog.New(slog.NewTextHandler(&log, nil))
		l.auth.refresh = func(int) error {
			if down {
				return fails(deviceauth.Server)
			}
			return nil
		}
	}, func(l *lab) {
		l.press(click)
		l.pass(5 * time.Hour)
		l.auth.change(func() { down = true })
		l.pass(5 * time.Hour)
		l.auth.change(func() { down = false })
		l.pass(5 * time.Minute)
	})
	text := log.String()
	for line, times := range map[string]int{
		"msg=paired account=known": 1, "msg=refreshed": 5, "msg=problem code=server": 1, "msg=problem_ended code=server seconds=16551 times=486": 1,
		`msg="problem goes on" code=server`: 4, "msg=offline": 2, "msg=online": 2,
	} {
		if n := strings.Count(text, line); n != times {
			t.Errorf("%d lines %q, want %d", n, line, times)
		}
	}
	for _, secret := range []string{"CODE-1", "https://as/d", "alice"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// Lifetimes that wear the flash have their line, once a grant.
func TestShortLifetimesAreLogged(t *testing.T) {
	for lifetime, lines := range map[time.Duration]int{2 * time.Second: 1, 10 * time.Minute: 1, time.Hour: 0} {
		var log bytes.Buffer
		bubble(t, setups(lives(lifetime), func(l *lab) { l.o.Log = slog.New(slog.NewTextHandler(&log, nil)) }), func(l *lab) {
			l.press(click)
			l.pass(5 * time.Minute)
			if n := l.auth.refreshes.n(); lifetime == 2*time.Second && n > 300 {
				t.Errorf("%d refreshes in five minutes", n)
			}
		})
		if n := strings.Count(log.String(), "wear the flash"); n != lines {
			t.Errorf("%v: %d lines", lifetime, n)
		}
	}
}

// An event of a part of the device goes the same ways.
func TestEmit(t *testing.T) {
	bubble(t, paired(0, nil), func(l *lab) {
		l.Emit("oversized", map[string]any{"topic": "cmd", "bytes": 1 << 20})
		l.Emit("gap", map[string]any{"dropped": 3})
		l.pass(time.Second)
		if len(l.hookedLike(`"oversized"`)) != 1 || len(l.hookedLike(`"gap"`)) != 1 {
			t.Errorf("%v", l.events())
		}
		if got := strings.Join(l.link.sent(), " "); got != "oversized" {
			t.Errorf("to the broker: %s", got) // the queue has its own record of a gap
		}
	})
}
