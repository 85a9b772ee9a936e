package agent

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/internal/statedir"
	"github.com/paird/paird/display"
)

// confirm is a long press and the one that answers the question.
func (l *lab) confirm() {
	l.press(11 * time.Second)
	if s, _ := l.panel.now(); s != (display.ConfirmReset{Left: 10 * time.Second}) {
		l.Errorf("panel: %#v", s)
	}
	l.press(click)
}

// marks notes in the timeline when the marker appears and goes, and the first file that is removed.
func marks(l *lab) {
	removed := false
	l.disk = func(op statedir.Op) error {
		switch {
		case strings.HasSuffix(op.Path, "/reset") && op.Kind == statedir.Create:
			l.note("mark")
		case strings.HasSuffix(op.Path, "/reset") && op.Kind == statedir.Remove && removed:
			l.note("unmark")
		case op.Kind == statedir.Remove && !removed && !strings.HasSuffix(op.Path, "/reset"):
			removed = true
			l.note("erase")
		}
		return nil
	}
}

// The marker, then the broker forgets, then the server, then all files go, the marker last.
func TestResetOrder(t *testing.T) {
	for _, start := range []func(*lab){func(*lab) {}, auto} {
		bubble(t, setups(start, paired(0, nil), marks), func(l *lab) {
			l.put(2)
			l.drain()
			l.confirm()
			l.pass(time.Second)
			got := l.drain()
			for i := range got {
				_, got[i], _ = strings.Cut(got[i], " ")
			}
			want := []string{"mark", "end A1: forgetting the broker", "revoke R1", "erase", "unmark"}
			if !slices.Equal(got, want) {
				t.Errorf("\n got %q\nwant %q", got, want)
			}
			l.is(control.StateUnpaired, "")
			if s, _ := l.panel.now(); s != (display.Wiped{}) {
				t.Errorf("panel: %#v", s)
			}
			l.pass(24 * time.Hour) // it rests in either mode
			l.is(control.StateUnpaired, "")
			l.saw()
			if n := l.auth.codes.n(); n != 0 {
				t.Errorf("%d codes", n)
			}
			if s := l.Status(); s.Queue.Messages != 0 || s.Queue.Dropped != 0 {
				t.Errorf("%+v", s.Queue)
			}
			l.press(click)
			l.pass(time.Minute)
			l.is(control.StatePaired, "")
		})
	}
}

// Nothing is left of the device but what the new life makes.
func TestResetLeavesNothing(t *testing.T) {
	bubble(t, paired(0, nil), func(l *lab) {
		l.put(2)
		r, err := l.Reset(l.Context())
		if err != nil || !r.Erased || !r.Revoked || r.Detail != "" {
			t.Errorf("%+v, %v", r, err)
		}
		synctest.Wait()
		if st, err := l.store.Load(); err != nil || st.Grant != nil || st.Gen != 0 {
			t.Errorf("%+v, %v", st, err)
		}
		if slices.Contains(l.files(), "key") {
			t.Errorf("the key is still there: %v", l.files())
		}
	})
}

// "erasing works all the same", and the panel says what the owner has to do.
func TestResetOffline(t *testing.T) {
	bubble(t, setups(paired(0, nil), func(l *lab) { l.auth.revoke = errors.New("no network") }), func(l *lab) {
		began := time.Now()
		r, err := l.Reset(l.Context())
		if err != nil || !r.Erased || r.Revoked || !strings.Contains(r.Detail, "remove this device in your account") {
			t.Errorf("%+v, %v", r, err)
		}
		if d := time.Since(began); d != 10*time.Second {
			t.Errorf("took %v", d)
		}
		synctest.Wait()
		if s, _ := l.panel.now(); s != (display.Wiped{Unrevoked: true}) {
			t.Errorf("panel: %#v", s)
		}
	})
}

// What cannot be read cannot be revoked, and that is said.
func TestResetUnreadable(t *testing.T) {
	disk := &countingStore{}
	bubble(t, setups(paired(0, nil), func(l *lab) { l.o.Store = disk }), func(l *lab) {
		disk.blind.Store(true)
		r, err := l.Reset(l.Context())
		if err != nil || !r.Erased || r.Revoked || !strings.Contains(r.Detail, "remove this device in your account") {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// The same before the daemon has come to read anything.
func TestResetUnreadableAtStart(t *testing.T) {
	disk := &countingStore{}
	disk.blind.Store(true)
	bubble(t, setups(paired(0, nil), func(l *lab) { l.o.Store = disk }), func(l *lab) {
		if r, err := l.Reset(l.Context()); err != nil || !r.Erased || r.Revoked {
			t.Errorf("%+v, %v", r, err)
		}
		disk.blind.Store(false)
		l.pass(6 * time.Second)
		l.is(control.StateUnpaired, "")
	})
}

// Power goes after the marker: the next start does the rest first.
func TestResetResumed(t *testing.T) {
	bubble(t, setups(auto, paired(0, nil)), func(l *lab) {
		if err := l.store.MarkReset(); err != nil {
			t.Fatal(err)
		}
		l.drain()
		l.reboot()
		l.is(control.StateUnpaired, "")
		l.pass(time.Hour)
		l.is(control.StateUnpaired, "")
		l.saw("0s end A1: context canceled", "0s revoke R1")
		if marked, err := l.store.ResetMarked(); marked || err != nil {
			t.Error(marked, err)
		}
	})
}

// The disk refuses: the status says so, nothing goes on with the old grant, and it is done when it can be.
func TestResetOnBrokenDisk(t *testing.T) {
	bubble(t, setups(auto, paired(0, nil)), func(l *lab) {
		l.broken.Store(true)
		for range 2 { // the second request is answered too
			r, err := l.Reset(l.Context())
			if err != nil || r.Erased || r.Detail == "" {
				t.Errorf("%+v, %v", r, err)
			}
		}
		l.pass(time.Hour)
		l.is(control.StateStarting, "storage")
		if s, _ := l.panel.now(); s.(display.Problem).Code != "storage" {
			t.Errorf("panel: %#v", s)
		}
		if _, err := l.Token(l.Context(), "", 0, false); err == nil {
			t.Error("a token is still given out")
		}
		l.saw("0s serve A1", "0s end A1: forgetting the broker", "0s revoke R1")
		l.broken.Store(false)
		l.pass(6 * time.Second)
		l.is(control.StateUnpaired, "")
		if s, _ := l.panel.now(); s != (display.Wiped{}) {
			t.Errorf("panel: %#v", s)
		}
	})
}

// A reset while a code is up, and one of a device that was never paired.
func TestResetUnpaired(t *testing.T) {
	bubble(t, neverApproved, func(l *lab) {
		for range 2 {
			r, err := l.Reset(l.Context())
			if err != nil || !r.Erased || !r.Revoked {
				t.Errorf("%+v, %v", r, err)
			}
			l.pass(time.Second)
			l.is(control.StateUnpaired, "")
			l.press(click)
			l.is(control.StatePairing, "")
		}
	})
}

// A request from before the reset begins no code after it.
func TestResetDropsRequests(t *testing.T) {
	bubble(t, func(l *lab) { l.auth.slowCode = 30 * time.Second }, func(l *lab) {
		l.press(click)
		l.press(hold)
		if r, err := l.Reset(l.Context()); err != nil || !r.Erased {
			t.Errorf("%+v, %v", r, err)
		}
		l.pass(time.Hour)
		l.is(control.StateUnpaired, "")
		l.saw()
	})
}

// The user does not answer the question of a reset, or cannot be asked.
func TestResetByButtonOnly(t *testing.T) {
	bubble(t, paired(0, nil), func(l *lab) {
		l.press(11 * time.Second)
		l.pass(11 * time.Second)
		l.press(click)
		l.is(control.StatePaired, "")
		l.saw("0s serve A1")
	})
	bubble(t, setups(paired(0, nil), func(l *lab) { l.o.ResetHold = 0 }, neverApproved), func(l *lab) {
		l.press(time.Minute)
		l.press(click)
		l.is(control.StatePairing, "")
	})
}

// A request for a reset of a daemon that stops gets an error.
func TestResetAfterEnd(t *testing.T) {
	bubble(t, nil, func(l *lab) {
		l.stop()
		if _, err := l.Reset(context.Background()); code(err) != control.Unavailable {
			t.Error(err)
		}
	})
}
