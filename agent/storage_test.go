package agent

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/store"
)

// The disk takes nothing at the start, at the intent, or for the answer: reported, and over by itself.
func TestDiskRecovers(t *testing.T) {
	t.Run("intent", func(t *testing.T) {
		bubble(t, paired(0, nil), func(l *lab) {
			l.pass(30 * time.Minute)
			l.broken.Store(true)
			l.pass(20 * time.Minute)
			l.is(control.StatePaired, "storage")
			l.saw("0s serve A1") // nothing is sent without a journal
			l.broken.Store(false)
			l.pass(6 * time.Second)
			l.is(control.StatePaired, "")
			if got := strings.Join(l.drain(), " "); !strings.Contains(got, "refresh R1") {
				t.Error(got)
			}
		})
	})
	t.Run("answer", func(t *testing.T) {
		bubble(t, setups(paired(0, nil), func(l *lab) {
			l.auth.refresh = func(int) error { l.broken.Store(true); return nil }
		}), func(l *lab) {
			l.pass(50 * time.Minute)
			l.is(control.StatePaired, "storage")
			l.saw("0s serve A1", "40m30s refresh R1") // neither used nor asked for again
			if _, err := l.Token(l.Context(), "", 0, true); err == nil {
				t.Error("a refresh was forced though the last one is not written")
			}
			if tok, err := l.Token(l.Context(), "", 0, false); err != nil || tok.AccessToken != "A1" {
				t.Error(tok.AccessToken, err)
			}
			l.broken.Store(false)
			l.pass(6 * time.Second)
			l.is(control.StatePaired, "")
			l.saw("50m5s end A1: swapping the token", "50m5s serve A2")
		})
	})
	t.Run("gone", func(t *testing.T) {
		bubble(t, setups(paired(0, nil), func(l *lab) {
			l.auth.refresh = func(int) error { l.broken.Store(true); return fails("gone") }
		}), func(l *lab) {
			l.pass(50 * time.Minute)
			l.is(control.StateUnpaired, "storage")
			l.saw("0s serve A1", "40m30s refresh R1") // the server is not asked again
			l.broken.Store(false)
			l.pass(6 * time.Second)
			l.is(control.StateUnpaired, "")
			l.reboot()
			l.is(control.StateUnpaired, "")
		})
	})
}

// With the disk broken at the stop, what is in hand is tried once more.
func TestUnsavedAtStop(t *testing.T) {
	bubble(t, setups(paired(0, nil), func(l *lab) {
		l.auth.refresh = func(int) error { l.broken.Store(true); return nil }
	}), func(l *lab) {
		l.pass(41 * time.Minute)
		l.broken.Store(false)
		l.auth.change(func() { l.auth.refresh = nil })
		l.reboot()
		l.drain()
		l.pass(41 * time.Minute)
		if got := l.drain(); !slices.ContainsFunc(got, func(s string) bool { return strings.HasSuffix(s, "refresh R2") }) {
			t.Error(got)
		}
	})
}

// One intent a generation, however often it is tried: each is a write to flash.
func TestIntendOnce(t *testing.T) {
	counts := &countingStore{}
	bubble(t, setups(paired(0, nil), always(fails("server")), func(l *lab) { l.o.Store = counts }), func(l *lab) {
		l.pass(24 * time.Hour)
		if l.auth.refreshes.n() < 1000 || counts.intents != 1 {
			t.Errorf("%d intents for %d refreshes", counts.intents, l.auth.refreshes.n())
		}
	})
}

// The files vanish under a running daemon: the grant in memory takes their place at the next refresh.
func TestFilesVanish(t *testing.T) {
	bubble(t, paired(0, nil), func(l *lab) {
		for _, name := range []string{"tokens.db", "tokens.a", "tokens.b"} {
			if err := os.Remove(filepath.Join(l.dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		l.pass(time.Hour)
		l.is(control.StatePaired, "")
		l.saw("0s serve A1", "40m30s refresh R1", "40m30s end A1: swapping the token", "40m30s serve A2")
		l.reboot()
		l.is(control.StatePaired, "")
	})
}

// A key that is missing: "A grant that does not unseal is kept and retried"; no code takes its place unasked.
func TestSealed(t *testing.T) {
	var key, aside string
	hide := func(l *lab) {
		key, aside = filepath.Join(l.dir, "key"), filepath.Join(l.dir, "elsewhere")
		if err := os.Rename(key, aside); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("back", func(t *testing.T) {
		bubble(t, setups(auto, paired(0, nil), hide), func(l *lab) {
			l.pass(30 * time.Minute)
			l.is(control.StateUnpaired, "storage")
			l.saw()
			if _, err := l.Token(l.Context(), "", 0, false); code(err) != control.Storage {
				t.Error(err)
			}
			if err := os.Rename(aside, key); err != nil {
				t.Fatal(err)
			}
			l.pass(time.Minute)
			l.is(control.StatePaired, "")
		})
	})
	t.Run("pair again", func(t *testing.T) {
		bubble(t, setups(paired(0, nil), hide), func(l *lab) {
			l.pass(30 * time.Minute)
			l.press(click)
			l.pass(time.Minute)
			l.is(control.StatePaired, "")
			if !slices.ContainsFunc(l.files(), func(s string) bool { return strings.HasPrefix(s, "tokens.db.broken") }) {
				t.Errorf("the old grant was not put aside: %v", l.files())
			}
			l.pass(time.Minute)
			if got := strings.Join(l.events(), " "); got != "pairing paired online "+strings.TrimSpace(strings.Repeat("store_quarantined ", 3)) {
				t.Errorf("events: %s", got)
			}
		})
	})
}

// A damaged store is reported once.
func TestQuarantined(t *testing.T) {
	bubble(t, setups(paired(0, nil), func(l *lab) {
		if err := os.WriteFile(filepath.Join(l.dir, "tokens.db"), []byte("rot"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(l.dir, "queue.00000001"), []byte("rot"), 0o600); err != nil {
			t.Fatal(err)
		}
	}), func(l *lab) {
		l.pass(30 * time.Minute)
		l.is(control.StatePaired, "")
		n := 0
		for _, kind := range l.link.sent() {
			if kind != "store_quarantined" {
				t.Errorf("event %s", kind)
			}
			n++
		}
		if n < 2 || n > 4 { // the database, what it was rebuilt from, the queue
			t.Errorf("%d events: %v", n, l.events())
		}
	})
}

// The trusted time is saved when the kernel says that the clock is synchronised, and seldom.
func TestFloor(t *testing.T) {
	disk := &countingStore{}
	bubble(t, setups(lives(1000*time.Hour), paired(0, nil), func(l *lab) { l.o.Store = disk }), func(l *lab) {
		l.pass(time.Hour)
		if at, err := l.store.Floor(); err != nil || !at.IsZero() {
			t.Errorf("saved without synchronisation: %v %v", at, err)
		}
		l.synced.Store(true)
		l.pass(24 * time.Hour)
		at, err := l.store.Floor()
		if age := time.Since(at); err != nil || age > 6*time.Hour+time.Minute {
			t.Errorf("saved %v ago: %v", age, err)
		}
		if disk.floors < 4 || disk.floors > 5 {
			t.Errorf("the trusted time was written %d times in a day", disk.floors)
		}
	})
}

type countingStore struct {
	*store.Store
	intents int
	saves   int
	floors  int
	hang    chan struct{} // what Intend waits for; nil: nothing
	blind   atomic.Bool   // nothing can be read
}

func (s *countingStore) Load() (store.State, error) {
	if s.blind.Load() {
		return store.State{}, &store.StorageError{Op: "load", Path: "tokens.db", Err: syscall.EIO}
	}
	return s.Store.Load()
}

func (s *countingStore) ResetMarked() (bool, error) {
	if s.blind.Load() {
		return false, &store.StorageError{Op: "look for a reset", Path: "reset", Err: syscall.EIO}
	}
	return s.Store.ResetMarked()
}

func (s *countingStore) Intend(gen uint64) error {
	s.intents++
	if s.hang != nil {
		<-s.hang
	}
	return s.Store.Intend(gen)
}

func (s *countingStore) SetFloor(at time.Time) error {
	s.floors++
	return s.Store.SetFloor(at)
}

func (s *countingStore) Save(g store.Grant) (uint64, error) {
	s.saves++
	return s.Store.Save(g)
}
