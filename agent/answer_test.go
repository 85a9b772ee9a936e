package agent

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/store"
)

// signs makes the server answer with ID tokens.
func signs(l *lab) { l.auth.signs = true }

// verifies answers each check of an ID token so.
func verifies(err error) func(*lab) {
	return func(l *lab) { l.auth.verify = func(int) error { return err } }
}

var refusedID = &deviceauth.Error{Kind: deviceauth.Server, Op: "ID token", Detail: "ID token refused: wrong nonce"}

// The tokens of a refresh are durable before their ID token is verified, and used only after it.
func TestRefreshDurableBeforeVerified(t *testing.T) {
	bubble(t, setups(signs, paired(0, nil), func(l *lab) { l.auth.slowKeys = 8 * time.Second }), func(l *lab) {
		l.pass(40*time.Minute + 31*time.Second)
		if st, err := l.store.Load(); err != nil || st.Grant.RefreshToken != "R2" || st.Intent {
			t.Errorf("%+v, %v", st, err)
		}
		l.wants("", time.Minute, false, "A1")
		l.pass(8 * time.Second)
		l.wants("", time.Minute, false, "A2")
		if s := l.Status(); s.Grant.Name != "Name of I2" || s.Grant.Subject != "alice" {
			t.Errorf("%+v", s.Grant)
		}
		l.saw("0s serve A1", "40m30s refresh R1", "40m30s verify I2", "40m38s end A1: swapping the token", "40m38s serve A2")
	})
}

// An ID token that is refused at a refresh, or cannot be checked, leaves the one before; the tokens are kept.
func TestRefreshedIDTokenRefused(t *testing.T) {
	for _, err := range []error{refusedID, later} {
		bubble(t, setups(signs, paired(0, nil), verifies(err)), func(l *lab) {
			l.pass(41 * time.Minute)
			l.is(control.StatePaired, "")
			st, err := l.store.Load()
			if err != nil || st.Grant.RefreshToken != "R2" || st.Grant.IDToken != "I1" || st.Grant.Subject != "alice" {
				t.Errorf("%+v, %v", st.Grant, err)
			}
		})
	}
}

// A 200 that is refused for another reason has a refresh token all the same, and the one before is spent.
func TestRefusedAnswerKeepsRefreshToken(t *testing.T) {
	bubble(t, setups(paired(0, nil), func(l *lab) {
		l.auth.unusable = func(n int) error {
			if n == 2 {
				return fails(deviceauth.Server)
			}
			return nil
		}
	}), func(l *lab) {
		l.pass(40*time.Minute + 30*time.Second)
		l.is(control.StatePaired, "server")
		l.wants("", 0, false, "A1") // not the one that was refused
		l.pass(time.Second)
		l.is(control.StatePaired, "")
		l.saw("0s serve A1", "40m30s refresh R1", "40m30.6s refresh R2", "40m30.6s end A1: swapping the token", "40m30.6s serve A3")
	})
}

// The answer of a pairing is durable before its ID token is verified, and finished at the next start: the code is never
// sent again.
func TestAnswerFinishedAtNextStart(t *testing.T) {
	bubble(t, setups(signs, func(l *lab) { l.auth.slowKeys = time.Hour }), func(l *lab) {
		l.press(click)
		l.pass(31 * time.Second)
		if a, ok, err := l.store.Answer(); err != nil || !ok || a.RefreshToken != "R1" || a.Subject != "" {
			t.Errorf("%+v, %v, %v", a, ok, err)
		}
		l.is(control.StateUnpaired, "")
		l.shutdown()
		l.auth.slowKeys = 0
		l.boot()
		l.pass(time.Second)
		l.is(control.StatePaired, "")
		l.noAnswer()
		l.saw("100ms code 1", "30.1s approved", "30.1s verify I1", "31.1s verify I1", "31.1s serve A1")
		if got := strings.Join(l.link.sent(), " "); got != "paired" {
			t.Errorf("events to the broker: %s", got)
		}
	})
}

// The issuer's keys are away at a pairing: whose grant it is waits for them, and so does the queue.
func TestKeysAwayAtPairing(t *testing.T) {
	away := true
	bubble(t, setups(signs, paired(0, nil), func(l *lab) {
		l.auth.verify = func(int) error {
			if away {
				return later
			}
			return nil
		}
	}), func(l *lab) {
		l.put(3)
		l.press(hold)
		l.pass(20 * time.Minute)
		l.is(control.StatePaired, "no_network") // by the old grant
		if s := l.Status(); s.Broker.State != control.BrokerOnline || s.Queue.Dropped != 0 {
			t.Errorf("%+v %+v", s.Broker, s.Queue)
		}
		l.auth.change(func() { away = false })
		l.pass(time.Minute)
		l.is(control.StatePaired, "")
		if s := l.Status(); s.Grant.Name != "Name of I2" || s.Queue.Dropped != 0 {
			t.Errorf("%+v %+v", s.Grant, s.Queue)
		}
		if l.auth.codes.n() != 1 {
			t.Errorf("%d codes", l.auth.codes.n())
		}
	})
}

// An ID token that is refused at a pairing: its tokens are given back only where this device holds no grant; what was
// stored is erased; with `start = "auto"` the problem is shown and an hour's rest follows.
func TestRefusedAtPairing(t *testing.T) {
	bubble(t, setups(auto, signs, verifies(refusedID)), func(l *lab) {
		l.pass(10 * time.Minute)
		l.is(control.StateUnpaired, "server")
		l.saw("0s code 1", "30s approved", "30s verify I1", "30s revoke R1")
		l.noAnswer()
		l.pass(51 * time.Minute)
		if got := strings.Join(l.drain(), " "); !strings.Contains(got, "1h0m30s code 2") {
			t.Error(got)
		}
	})
	bubble(t, setups(signs, paired(0, nil), verifies(refusedID)), func(l *lab) {
		l.press(hold)
		l.pass(10 * time.Minute)
		l.is(control.StatePaired, "")
		l.saw("0s serve A1", "4s code 1", "34s approved", "34s verify I2")
	})
}

// A token type that cannot be used, and a client that is refused after the approval, likewise.
func TestUnusableAnswerAtPairing(t *testing.T) {
	bubble(t, setups(auto, func(l *lab) { l.auth.unusable = func(int) error { return fails(deviceauth.Server) } }), func(l *lab) {
		l.pass(10 * time.Minute)
		l.is(control.StateUnpaired, "server")
		l.saw("0s code 1", "30s approved", "30s revoke R1")
	})
	bubble(t, setups(auto, decides(time.Minute, fails(deviceauth.Misconfigured))), func(l *lab) {
		l.pass(55 * time.Minute)
		l.is(control.StateUnpaired, "config")
		l.saw("0s code 1")
		l.pass(10 * time.Minute)
		l.saw("1h1m0s code 2")
	})
}

// Pairing again revokes the grant before only where both accounts are known and differ, and auth.revoke allows it.
func TestRevokeAtPairingAgain(t *testing.T) {
	for _, tt := range []struct {
		policy, old, fresh string
		revoked            bool
	}{
		{"auto", "alice", "bob", true}, {"", "alice", "bob", true},
		{"auto", "alice", "alice", false}, {"auto", "", "bob", false}, {"auto", "alice", "", false}, {"auto", "", "", false},
		{"reset", "alice", "bob", false}, {"never", "alice", "bob", false},
	} {
		bubble(t, setups(func(l *lab) { l.o.Revoke, l.auth.subject = tt.policy, tt.old }, paired(0, nil)), func(l *lab) {
			l.auth.change(func() { l.auth.subject = tt.fresh })
			l.press(hold)
			l.pass(time.Minute)
			l.reboot()
			l.pass(time.Minute)
			if got := strings.Join(l.drain(), " "); strings.Contains(got, "revoke R1") != tt.revoked || strings.Contains(got, "R2") {
				t.Errorf("%+v: %s", tt, got)
			}
		})
	}
}

// A factory reset revokes whatever the policy is but "never", and then the owner has to do it.
func TestRevokeAtReset(t *testing.T) {
	for policy, revoked := range map[string]bool{"auto": true, "reset": true, "never": false} {
		bubble(t, setups(func(l *lab) { l.o.Revoke = policy }, paired(0, nil)), func(l *lab) {
			r, err := l.Reset(l.Context())
			if err != nil || !r.Erased || r.Revoked != revoked || strings.Contains(r.Detail, "remove this device in your account") == revoked {
				t.Errorf("%s: %+v, %v", policy, r, err)
			}
			if got := strings.Join(l.drain(), " "); strings.Contains(got, "revoke R1") != revoked {
				t.Errorf("%s: %s", policy, got)
			}
		})
	}
}

// An answer that waits for its verification is revoked by a reset too.
func TestResetRevokesAnswer(t *testing.T) {
	bubble(t, setups(signs, verifies(later)), func(l *lab) {
		l.press(click)
		l.pass(time.Minute)
		r, err := l.Reset(l.Context())
		if err != nil || !r.Erased || !r.Revoked {
			t.Errorf("%+v, %v", r, err)
		}
		if got := strings.Join(l.drain(), " "); !strings.Contains(got, "revoke R1") {
			t.Error(got)
		}
	})
}

// noAnswer checks that the next start finds no answer of a pairing.
func (l *lab) noAnswer() {
	l.Helper()
	if a, ok, err := l.store.Answer(); ok || err != nil {
		l.Errorf("the next start would adopt the answer again: %+v, %v", a, err)
	}
}

// keepsAnswer checks that the next start finds the answer of the first pairing.
func (l *lab) keepsAnswer() {
	l.Helper()
	if a, ok, err := l.store.Answer(); err != nil || !ok || a.RefreshToken != "R1" {
		l.Errorf("%+v, %v, %v", a, ok, err)
	}
}

// noCode checks that the next start finds no code to poll for.
func (l *lab) noCode() {
	l.Helper()
	if b, err := l.store.Pending(); err != nil || b != nil {
		l.Errorf("the next start goes on with the code: %s, %v", b, err)
	}
}

// answeredWhileBroken lets the answer of a pairing come while the disk is broken, for that long.
func (l *lab) answeredWhileBroken(long time.Duration) {
	l.press(click)
	l.pass(10 * time.Second)
	l.broken.Store(true)
	l.pass(long)
	l.broken.Store(false)
}

// approvedOnBrokenDisk pairs while the disk refuses: the token is there, and waits for the disk.
func (l *lab) approvedOnBrokenDisk() {
	l.press(click)
	l.pass(10 * time.Second)
	l.broken.Store(true)
	l.pass(time.Minute)
	l.is(control.StateUnpaired, "storage")
}

func (l *lab) diskIsBack() {
	l.broken.Store(false)
	l.pass(6 * time.Second)
	l.is(control.StatePaired, "")
}

// A disk that does not take the answer costs its durability only.
func TestAnswerOnBrokenDisk(t *testing.T) {
	bubble(t, signs, func(l *lab) {
		l.approvedOnBrokenDisk()
		l.diskIsBack()
		l.pass(storageRetry)
		l.noAnswer()
	})
}

// An answer of another configuration is not sent anywhere.
func TestForeignAnswer(t *testing.T) {
	bubble(t, setups(signs, verifies(later)), func(l *lab) {
		l.press(click)
		l.pass(time.Minute)
		l.o.Bound.ClientID = "other"
		l.shutdown()
		l.drain()
		l.boot()
		l.pass(time.Minute)
		l.is(control.StateUnpaired, "")
		l.noAnswer()
		if got := strings.Join(l.drain(), " "); got != "" {
			t.Error(got)
		}
	})
}

// grantAtHand has an answer of a pairing.
type grantAtHand struct{ grants }

func (grantAtHand) Answer() (store.Grant, bool, error) {
	return store.Grant{RefreshToken: "R1"}, true, nil
}

// The loop reads the answer while the caller's context ends: the caller has gone by then, and shares nothing with it.
func TestAnswerAfterItsCallerLeft(t *testing.T) {
	k := newKeeper(Options{Store: grantAtHand{}, Log: slog.New(slog.DiscardHandler)}, nil, nil)
	ctx, cancel := context.WithCancel(t.Context())
	var loop sync.WaitGroup
	loop.Go(func() {
		read := <-k.inbox
		cancel()
		read(ctx)
	})
	if g, ok := k.answer(ctx); ok && g.RefreshToken != "R1" {
		t.Errorf("%+v", g)
	}
	loop.Wait()
}

// The code of a response that must not be used is spent also where the disk was broken then: it goes from the disk as soon
// as that works again.
func TestUnusableOnBrokenDisk(t *testing.T) {
	bubble(t, func(l *lab) { l.auth.unusable = func(int) error { return fails(deviceauth.Server) } }, func(l *lab) {
		l.answeredWhileBroken(time.Minute)
		l.pass(storageRetry + time.Second)
		l.noCode()
	})
}

// An answer that waits for the issuer's keys is on the disk as soon as that works again, however long the next try for the
// keys takes.
func TestUnverifiedAnswerOnBrokenDisk(t *testing.T) {
	bubble(t, setups(signs, verifies(later)), func(l *lab) {
		l.answeredWhileBroken(5*time.Minute + time.Second)
		l.pass(storageRetry + time.Second)
		l.keepsAnswer()
		l.noCode()
	})
}

// A stop comes before the next try to write the answer: it is written at the stop.
func TestUnwrittenAnswerAtStop(t *testing.T) {
	bubble(t, setups(signs, verifies(later)), func(l *lab) {
		l.answeredWhileBroken(time.Minute)
		l.stop()
		l.keepsAnswer()
	})
}
