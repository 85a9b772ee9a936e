package queue

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/internal/crashtest"
	"github.com/paird/paird/agent/internal/statedir"
	"github.com/paird/paird/agent/store"
	bolt "go.etcd.io/bbolt"
)

// A wear counts what the flash has to take: whole blocks of 4 KiB, and flushes.
type wear struct {
	mu sync.Mutex
	cost
}

func (w *wear) op(op statedir.Op) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch op.Kind {
	case statedir.Write:
		const block = 4096
		first, last := op.Off/block, (op.Off+int64(len(op.Data))-1)/block
		w.bytes += (last - first + 1) * block
	case statedir.Sync, statedir.SyncDir:
		w.flushes++
	}
	return nil
}

func (w *wear) since(before cost) cost {
	w.mu.Lock()
	defer w.mu.Unlock()
	return cost{w.bytes - before.bytes, w.flushes - before.flushes}
}

// board is store and queue of one paired device, on one disk that counts.
type board struct {
	*testing.T
	*wear
	store *store.Store
	queue *Queue
	gen   uint64 // of the grant
}

func newBoard(t *testing.T) *board {
	t.Helper()
	b := &board{T: t, wear: &wear{}}
	dir := filepath.Join(t.TempDir(), "state")
	hook := func(db *bolt.DB) { crashtest.Hook(db, b.op) }
	var err error
	b.store, err = store.Open(store.Options{Dir: dir, KeySource: "file", Device: "dev1", Tap: b.op, Opened: hook})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.store.Close() })
	b.queue = open(t, Options{Dir: dir, Tap: b.op})
	b.save()
	return b
}

// save keeps a grant of the usual size: JWTs for access and identity, an opaque refresh token.
func (b *board) save() {
	b.Helper()
	now := time.Now()
	gen, err := b.store.Save(store.Grant{
		Binding:     store.Binding{Issuer: "https://auth.example.com", ClientID: "printer", TokenEndpoint: "https://auth.example.com/token"},
		AccessToken: strings.Repeat("a", 1000), TokenType: "Bearer", RefreshToken: strings.Repeat("r", 64), IDToken: strings.Repeat("i", 700),
		Expiry: now.Add(time.Hour), Refreshed: now, Lifetime: time.Hour, Subject: "user-1", Name: "Alice",
	})
	if err != nil {
		b.Fatal(err)
	}
	b.gen = gen
}

// refresh is one token refresh: the intent, and the new grant.
func (b *board) refresh() {
	b.Helper()
	if err := b.store.Intend(b.gen); err != nil {
		b.Fatal(err)
	}
	b.save()
}

// What a device does by itself: tokens of an hour are renewed after 36 minutes at the earliest, and the
// trusted time is saved every six hours.
const (
	renewal = 36 * time.Minute
	trust   = 6 * time.Hour
)

// live is a length of time in which a message of 200 bytes comes every so often; 0: none does.
func (b *board) live(length, every time.Duration) {
	b.Helper()
	began := time.Now()
	step := 10 * time.Second
	for now := step; now <= length; now += step {
		time.Sleep(time.Until(began.Add(now)))
		if every > 0 && now%every == 0 {
			if err := b.queue.Put("telemetry", make([]byte, 200-len("telemetry"))); err != nil {
				b.Fatal(err)
			}
		}
		if now%renewal == 0 {
			b.refresh()
		}
		if now%trust == 0 {
			if err := b.store.SetFloor(time.Now()); err != nil {
				b.Fatal(err)
			}
		}
	}
	time.Sleep(step) // for the last group
	synctest.Wait()
}

// What the flash has to take from a whole device, store and queue, with the gates: 1 MB a day online, 2 MB
// an hour offline.
func TestWearBudget(t *testing.T) {
	const day, often = 24 * time.Hour, 10 * time.Second
	for _, c := range []struct {
		name string
		most int64 // bytes
		do   func(*board)
	}{
		{"a token refresh", 1_000_000 / 40, (*board).refresh}, // 40 of them make a day
		{"a day idle", 1_000_000, func(b *board) { b.live(day, 0) }},
		{"a day online, a message in 10 s", 1_000_000, func(b *board) {
			b.queue.Online(true)
			go acknowledge(b.T, b.queue)
			b.live(day, often)
		}},
		{"an hour offline, a message in 10 s", 2_000_000, func(b *board) { b.live(time.Hour, often) }},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBoard(t)
			before := b.since(cost{})
			c.do(b)
			got := b.since(before)
			t.Logf("%-36s %8d bytes %4d flushes (at most %d bytes)", c.name, got.bytes, got.flushes, c.most)
			if got.bytes > c.most {
				t.Errorf("%s writes %d bytes, more than %d", c.name, got.bytes, c.most)
			}
			if got.flushes == 0 {
				t.Errorf("%s: nothing was counted", c.name)
			}
			b.queue.Close()
		})
	}
}
