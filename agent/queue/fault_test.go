package queue

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/internal/crashtest"
	"github.com/paird/paird/agent/internal/seglog"
	"github.com/paird/paird/agent/internal/statedir"
)

// Each system call of opening and running fails in turn, once or for half a minute: the queue works on, says
// what is wrong, recovers by itself, and loses no record.
func TestEachOperationMayFail(t *testing.T) {
	t.Parallel()
	kinds := map[statedir.Kind]bool{}
	for _, errno := range []error{syscall.EIO, syscall.ENOSPC, syscall.EACCES} {
		for _, lasts := range []time.Duration{0, 30 * time.Second} {
			for nth := 0; ; nth++ {
				f := &crashtest.Fault{Err: errno, Nth: nth, Lasts: lasts, Kinds: kinds}
				name := fmt.Sprintf("%v, operation %d, for %v", errno, nth, lasts)
				synctest.Test(t, func(t *testing.T) {
					if err := liveWith(t, f); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				})
				if f.Count() <= nth {
					break
				}
			}
		}
	}
	for _, k := range []statedir.Kind{
		statedir.OpenDir, statedir.ListDir, statedir.Lookup, statedir.OpenFile, statedir.ReadFile,
		statedir.Create, statedir.Truncate, statedir.Write, statedir.Sync, statedir.Rename, statedir.Remove, statedir.SyncDir,
	} {
		if !kinds[k] {
			t.Errorf("no operation of kind %d was refused", k)
		}
	}
}

// liveWith puts, gives, acknowledges and restarts while f goes on, and then looks for what was put.
func liveWith(t *testing.T, f *crashtest.Fault) error {
	dir := crashtest.Dir(t)
	q := open(t, Options{Dir: dir, segment: testSegment})
	long := strings.Repeat(" ", 2000)
	want := 0
	fill := func(n int) {
		for range n {
			if err := q.Put("t", fmt.Append(nil, want, long)); err != nil {
				t.Fatal(err)
			}
			want++
		}
	}
	fill(30) // three segments
	if err := errors.Join(q.Flush(), q.Close()); err != nil {
		return err
	}
	q = open(t, Options{Dir: dir, segment: testSegment, Tap: f.Tap})
	fill(3)
	time.Sleep(6 * time.Second)
	fill(30)
	seen := map[int]bool{}
	for range 40 {
		take(t, q, seen)
	}
	q.Rewind()
	time.Sleep(6 * time.Second)
	fill(3)
	if err := q.Storage(); err != nil && !errors.Is(err, f.Err) {
		return fmt.Errorf("the trouble is %w", err)
	}
	for range 2 { // the operation may be one of these
		time.Sleep(2 * retryLast)
		q.Flush()
	}
	if err := q.Storage(); err != nil {
		return fmt.Errorf("the trouble stays: %w", err)
	}
	if err := q.Close(); err != nil && !errors.Is(err, f.Err) {
		return err
	}
	q = open(t, Options{Dir: dir, segment: testSegment})
	for q.Stats().Messages > 0 {
		take(t, q, seen)
	}
	if s := q.Stats(); len(seen) != want || s.Dropped != 0 || q.Quarantined() != "" {
		return fmt.Errorf("%d of %d arrived, %+v", len(seen), want, s)
	}
	return q.Close()
}

// take takes and acknowledges a record, if there is one that the disk gives.
func take(t *testing.T, q *Queue, seen map[int]bool) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	seq, _, payload, err := q.Next(ctx)
	if err != nil {
		return
	}
	var i int
	if _, err := fmt.Sscan(string(payload), &i); err != nil {
		t.Fatal(err)
	}
	seen[i] = true
	q.Ack(seq)
}

// A bad sector costs the records of its frame, counted and reported, whether it is found at start or later.
func TestBadSector(t *testing.T) {
	for _, atStart := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			dir, bad := t.TempDir(), atomic.Bool{}
			tap := func(op statedir.Op) error {
				end := op.Off + int64(len(op.Data))
				if op.Kind == statedir.ReadFile && filepath.Base(op.Path) == "queue.00000001" && bad.Load() && op.Off <= 2*seglog.BlockSize && end > 2*seglog.BlockSize {
					return syscall.EIO
				}
				return nil
			}
			long := strings.Repeat(" ", 3000) // a record in each frame
			fill := func(q *Queue) {
				for i := range 20 {
					if err := errors.Join(q.Put("t", fmt.Append(nil, i, long)), q.Flush()); err != nil {
						t.Fatal(err)
					}
				}
			}
			q := open(t, Options{Dir: dir, segment: testSegment, Tap: tap})
			if fill(q); atStart {
				q.Close()
				bad.Store(true)
				q = open(t, Options{Dir: dir, segment: testSegment, Tap: tap})
			}
			bad.Store(true)
			seen, gaps := map[int]bool{}, 0
			for q.Stats().Messages > 0 {
				seq, topic, payload := next(t, q)
				var i int
				if topic == gapTopic {
					gaps++
				} else if _, err := fmt.Sscan(payload, &i); err != nil {
					t.Fatal(err)
				}
				seen[i] = true
				q.Ack(seq)
			}
			time.Sleep(2 * retryLast)
			if s := q.Stats(); s.Dropped != 1 || gaps != 1 || len(seen) != 19 || q.Storage() != nil {
				t.Errorf("at start %v: %+v, %d gaps, %d seen, %v", atStart, s, gaps, len(seen), q.Storage())
			}
			q.Close()
		})
	}
}

// A gap is due and the disk fails to take it: Next gives it all the same, and the records behind it.
func TestGapWhileTheDiskFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p tap
		q := open(t, Options{Tap: p.op})
		q.Online(true)
		put(t, q, 1, 3)
		seq, _, _ := next(t, q)
		p.broken(syscall.ENOSPC)
		if err := q.SetAside(seq); err != nil {
			t.Fatal(err)
		}
		wantGap(t, q, 1, 1, 1)
		drain(t, q, 2, 2)
		storageError(t, q.Storage(), syscall.ENOSPC)
		p.broken(nil)
		q.Close()
	})
}

// A Put that waits for room while the queue is erased goes on.
func TestPutBesideErase(t *testing.T) {
	q := open(t, Options{})
	q.io.Lock() // the disk is busy
	for q.memBytes < memHigh {
		if err := q.Put("t", make([]byte, 32<<10)); err != nil {
			t.Fatal(err)
		}
	}
	done := waitingPut(t, q)
	q.io.Unlock()
	if err := q.Erase(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("after 20 s Put still waits for room in an empty queue")
	}
}

// Numbers that no frame has reserved would come back after a power cut: Put waits for the next frame.
func TestPutWaitsForNumbers(t *testing.T) {
	q := open(t, Options{})
	put(t, q, 0, 1)
	if err := q.Flush(); err != nil {
		t.Fatal(err)
	}
	q.io.Lock() // the disk is busy
	for q.next < q.reserved {
		if err := q.Put("t", nil); err != nil {
			t.Fatal(err)
		}
		seq, _, _ := next(t, q)
		if err := q.Ack(seq); err != nil {
			t.Fatal(err)
		}
	}
	done := waitingPut(t, q)
	q.io.Unlock()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// waitingPut begins a Put and returns when that waits for the disk, which the caller keeps busy by q.io.
func waitingPut(t *testing.T, q *Queue) <-chan error {
	t.Helper()
	waits := func() bool { q.mu.Lock(); defer q.mu.Unlock(); return q.changed != nil }
	done := make(chan error, 1)
	go func() { done <- q.Put("t", []byte("waits for room")) }()
	for !waits() {
		select {
		case err := <-done:
			q.io.Unlock()
			t.Fatalf("Put does not wait for a busy disk (%v)", err)
		case <-time.After(time.Millisecond):
		}
	}
	return done
}

// What another account may have put there is neither read nor written.
func TestPlantedFiles(t *testing.T) {
	for name, plant := range map[string]func(target, path string) error{"a second link": os.Link, "a symbolic link": os.Symlink} {
		t.Run(name, func(t *testing.T) {
			dir, target := t.TempDir(), filepath.Join(t.TempDir(), "target")
			if err := os.WriteFile(target, []byte("not the queue's"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := plant(target, filepath.Join(dir, "queue.00000001")); err != nil {
				t.Fatal(err)
			}
			q := open(t, Options{Dir: dir})
			put(t, q, 0, 3)
			q.Flush() // refused beside a second link, which is not renamed either
			drain(t, q, 0, 3)
			if err := q.Erase(); err != nil {
				t.Error(err)
			}
			if b, err := os.ReadFile(target); err != nil || string(b) != "not the queue's" {
				t.Errorf("%q, %v", b, err)
			}
		})
	}
}

// Erasing takes what paird makes, and regular files only.
func TestEraseLeavesOtherFiles(t *testing.T) {
	dir := t.TempDir()
	others := []string{"queue.txt", "queue.1", "queue.00000001.bak", "queue.d", "tokens.db", "inbox.00000001"}
	for _, name := range others {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "queue.log"), 0o700); err != nil {
		t.Fatal(err)
	}
	ours := []string{"queue.db", "queue.new", "queue.damaged.broken-3", "queue.db.broken-1"}
	for _, name := range ours {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	q := open(t, Options{Dir: dir})
	put(t, q, 0, 3)
	if err := errors.Join(q.Flush(), q.Erase()); err != nil {
		t.Fatal(err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(left) != len(others)+1 {
		t.Errorf("left: %v", left)
	}
}

// OnGap is called once for each gap, also if the gap comes again.
func TestOnGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, heard := t.TempDir(), ""
		o := Options{Dir: dir, MaxBytes: 4, OnGap: func(n, from, to uint64) { heard += fmt.Sprintf("%d %d-%d;", n, from, to) }}
		q := open(t, o)
		put(t, q, 0, 4)
		next(t, q)
		q.Rewind()
		wantGap(t, q, 1, 2, 2)
		drain(t, q, 2, 2)
		put(t, q, 0, 3)
		next(t, q)
		time.Sleep(5 * time.Second)
		q.Close()
		q = open(t, o)
		wantGap(t, q, 5, 5, 1)
		if heard != "2 1-2;1 5-5;" {
			t.Error(heard)
		}
		q.Close()
	})
}

func TestTooLittleRoomIsNamed(t *testing.T) {
	dir := t.TempDir()
	o := Options{Dir: dir, KeepFree: 8 << 20, free: func(string) (int64, error) { return 8 << 20, nil }}
	q := open(t, o)
	err := q.Storage()
	storageError(t, err, syscall.ENOSPC)
	if want := "less than 8 MiB free on " + dir; !strings.HasSuffix(err.Error(), want) {
		t.Errorf("%v, want ... %s", err, want)
	}
}
