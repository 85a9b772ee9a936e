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

	"github.com/paird/paird/agent/internal/statedir"
)

// A tap counts what is written to the disk, and makes the disk fail.
type tap struct {
	fail  atomic.Pointer[error] // what each write returns; nil: it is done
	full  atomic.Bool           // there is room for a segment only where another was removed
	room  atomic.Int64          // for so many
	bytes atomic.Int64
	syncs atomic.Int64
}

func (p *tap) op(op statedir.Op) error {
	if !op.Kind.Changes() {
		return nil
	}
	if err := p.fail.Load(); err != nil {
		return *err
	}
	switch op.Kind {
	case statedir.Truncate:
		if p.full.Load() && p.room.Add(-1) < 0 {
			p.room.Store(0)
			return syscall.ENOSPC
		}
	case statedir.Remove:
		if _, ok := strings.CutPrefix(filepath.Base(op.Path), "queue.0"); ok {
			p.room.Add(1)
		}
	case statedir.Write:
		p.bytes.Add(int64(len(op.Data)))
	case statedir.Sync, statedir.SyncDir:
		p.syncs.Add(1)
	}
	return nil
}

func (p *tap) broken(err error) {
	if err == nil {
		p.fail.Store(nil)
		return
	}
	p.fail.Store(&err)
}

func storageError(t *testing.T, err, want error) {
	t.Helper()
	if _, ok := errors.AsType[*StorageError](err); !ok || !errors.Is(err, want) {
		t.Fatalf("%v is no StorageError of %v", err, want)
	}
}

// acknowledge plays a broker that is 100 ms away, until the queue is closed.
func acknowledge(t *testing.T, q *Queue) {
	for {
		seq, _, _, err := q.Next(t.Context())
		if err != nil {
			return
		}
		time.AfterFunc(100*time.Millisecond, func() { q.Ack(seq) })
	}
}

func TestOnlineTelemetryIsNotWritten(t *testing.T) {
	for _, sync := range []string{Group, Always} {
		t.Run(sync, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var p tap
				q := open(t, Options{Sync: sync, Tap: p.op})
				q.Online(true)
				go acknowledge(t, q)
				bytes, syncs := p.bytes.Load(), p.syncs.Load()
				for i := range 1000 {
					put(t, q, i, 1)
					time.Sleep(time.Second)
				}
				if s := q.Stats(); s.Messages != 0 {
					t.Errorf("%+v", s)
				}
				if p.bytes.Load() != bytes || p.syncs.Load() != syncs {
					t.Errorf("%d bytes, %d flushes", p.bytes.Load()-bytes, p.syncs.Load()-syncs)
				}
				q.Close()
			})
		})
	}
}

func TestAlwaysIsOnDiskWhenPutReturns(t *testing.T) {
	dir := t.TempDir()
	q := open(t, Options{Dir: dir, Sync: Always})
	put(t, q, 0, 200)
	q.abandon()
	q = open(t, Options{Dir: dir})
	drain(t, q, 0, 200)
}

func TestAlwaysRefusesWithAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p tap
		q := open(t, Options{Sync: Always, MaxBytes: 10, Tap: p.op})
		put(t, q, 0, 5)
		p.broken(syscall.ENOSPC)
		for range 10 {
			storageError(t, q.Put("t", []byte("x")), syscall.ENOSPC)
		}
		storageError(t, q.Storage(), syscall.ENOSPC)
		if s := q.Stats(); s != (Stats{Messages: 5, Bytes: 10}) {
			t.Errorf("%+v: what is refused must not push out what is not", s)
		}
		p.broken(nil)
		time.Sleep(2 * retryLast)
		if err := q.Storage(); err != nil {
			t.Error("the trouble stays:", err)
		}
		put(t, q, 5, 1)
		wantGap(t, q, 1, 1, 1)
		drain(t, q, 1, 5)
		q.Close()
	})
}

// A record in flight is not refused to its caller, however long the disk fails: the broker may have it.
func TestAlwaysWaitsForWhatIsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p tap
		q := open(t, Options{Sync: Always, Tap: p.op})
		q.Online(true)
		p.broken(syscall.ENOSPC)
		answer := make(chan error, 1)
		go func() { answer <- q.Put("t", []byte("x")) }()
		seq, _, _, _ := q.Next(t.Context())
		time.Sleep(time.Minute)
		if len(answer) > 0 {
			t.Fatalf("Put has returned %v", <-answer)
		}
		q.Ack(seq)
		if err := <-answer; err != nil {
			t.Error(err)
		}
		q.Close()
	})
}

func TestAlwaysTakesTheBrokersWordWithAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p tap
		q := open(t, Options{Sync: Always, Tap: p.op})
		q.Online(true)
		p.broken(syscall.ENOSPC)
		go func() {
			seq, _, _, _ := q.Next(t.Context())
			time.Sleep(100 * time.Millisecond)
			q.Ack(seq)
		}()
		put(t, q, 0, 1)
		empty(t, q)
		p.broken(nil)
		q.Close()
	})
}

func TestPutContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := open(t, Options{Sync: Always})
		q.Online(true)
		ctx, cancel := context.WithTimeout(t.Context(), ackWait/2)
		defer cancel()
		if err := q.PutContext(ctx, "t", []byte("0")); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		drain(t, q, 0, 1)
		q.Close()
	})
}

func TestGroupKeepsTheNewestInMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var p tap
		q := open(t, Options{MaxBytes: 64 << 20, Tap: p.op})
		payload := make([]byte, 32<<10)
		put(t, q, 0, 3)
		time.Sleep(5 * time.Second)
		p.broken(syscall.EROFS)
		for range 300 { // 9.6 MB
			if err := q.Put("t", payload); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		storageError(t, q.Storage(), syscall.EROFS)
		if q.memBytes > memMax {
			t.Errorf("%d bytes of memory", q.memBytes)
		}
		s := q.Stats()
		if s.Dropped == 0 || int(s.Dropped)+s.Messages != 303 || s.Messages < memMax/len(payload)-2 {
			t.Errorf("%+v", s)
		}
		p.broken(nil)
		time.Sleep(2 * retryLast)
		if err := q.Storage(); err != nil || len(q.unsaved()) > 0 {
			t.Errorf("%v, %d records are in memory only", err, len(q.unsaved()))
		}
		for range 3 {
			next(t, q)
		}
		if seq, topic, payload := next(t, q); topic != gapTopic || seq != 3+s.Dropped {
			t.Errorf("got seq %d %s %.60s: the oldest that are on no disk are dropped first", seq, topic, payload)
		}
		q.Close()
	})
}

// fill puts n records of 32 KiB, one a second.
func fill(t *testing.T, q *Queue, n int) {
	t.Helper()
	payload := make([]byte, 32<<10)
	for range n {
		if err := q.Put("t", payload); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
	}
}

// A file that cannot grow has room for the newest all the same: that of the oldest.
func TestFullDiskMakesRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var p tap
		dir := t.TempDir()
		q := open(t, Options{Dir: dir, MaxBytes: 64 << 20, Tap: p.op})
		fill(t, q, 200)
		p.room.Store(0)
		p.full.Store(true)
		fill(t, q, 500)
		s := q.Stats()
		if int(s.Dropped)+s.Messages != 700 || s.Messages < 150 {
			t.Errorf("%+v", s)
		}
		q.abandon()
		q = open(t, Options{Dir: dir, MaxBytes: 64 << 20})
		if s := q.Stats(); s.Messages < 100 {
			t.Errorf("%+v are on the disk", s)
		}
		q.Close()
	})
}

func TestFreeDiskFloor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var p tap
		var free atomic.Int64
		free.Store(1 << 30)
		dir := t.TempDir()
		o := Options{Dir: dir, MaxBytes: 64 << 20, KeepFree: 1 << 20, Tap: p.op}
		o.free = func(string) (int64, error) { return free.Load(), nil }
		q := open(t, o)
		fill(t, q, 100)
		before := size(t, dir)
		free.Store(1000)
		fill(t, q, 300)
		if now := size(t, dir); now > before+256<<10 {
			t.Errorf("the log grew from %d to %d bytes below the floor", before, now)
		}
		if q.stowed < 200 {
			t.Errorf("the newest on the disk is %d of 400: it has the room of the oldest", q.stowed)
		}
		if s := q.Stats(); int(s.Dropped)+s.Messages != 400 || s.Dropped == 0 || s.Messages < 100 {
			t.Errorf("%+v", s)
		}
		q.Close()

		o.Sync = Always
		q = open(t, o)
		storageError(t, q.Put("t", []byte("x")), syscall.ENOSPC)
		free.Store(1 << 30)
		if err := q.Put("t", []byte("x")); err != nil {
			t.Error(err)
		}
		q.Close()
	})
}

// What was given while there was no disk comes again behind what the disk holds: its number has changed.
func TestGivenBeforeTheDiskComes(t *testing.T) {
	dir := t.TempDir()
	q := open(t, Options{Dir: dir})
	put(t, q, 0, 2)
	q.Close()
	synctest.Test(t, func(t *testing.T) {
		hidden := dir + ".away"
		os.Rename(dir, hidden)
		q := open(t, Options{Dir: dir})
		put(t, q, 2, 5)
		for range 4 {
			next(t, q)
		}
		os.Rename(hidden, dir)
		time.Sleep(2 * retryLast)
		drain(t, q, 0, 7)
		empty(t, q)
		q.Close()
	})
}

// A daemon that starts with a broken disk works in memory, and finds what the disk holds when it is back.
func TestDiskThatComesLater(t *testing.T) {
	dir := t.TempDir()
	q := open(t, Options{Dir: dir})
	stream := q.Stream()
	put(t, q, 0, 5)
	bind(t, q, "alice", 0)
	q.Close()

	synctest.Test(t, func(t *testing.T) {
		hidden := dir + ".away"
		os.Rename(dir, hidden)
		q := open(t, Options{Dir: dir})
		storageError(t, q.Storage(), os.ErrNotExist)
		bind(t, q, "alice", 0)
		q.Online(true)
		put(t, q, 5, 3)
		temporary := q.Stream()
		if seq, _, _ := next(t, q); seq != 1 {
			t.Errorf("seq %d", seq)
		}
		os.Rename(hidden, dir)
		time.Sleep(2 * retryLast)
		if q.Stream() != temporary {
			t.Error("the numbering changed under a record in flight")
		}
		q.Ack(1)
		time.Sleep(2 * retryLast)
		if err := q.Storage(); err != nil || q.Stream() != stream {
			t.Errorf("%v, stream %s, want %s", err, q.Stream(), stream)
		}
		drain(t, q, 0, 5)
		drain(t, q, 6, 2)
		empty(t, q)
		q.Close()
	})
}

func TestDiskOfAnotherAccountThatComesLater(t *testing.T) {
	dir := t.TempDir()
	q := open(t, Options{Dir: dir})
	bind(t, q, "alice", 0)
	put(t, q, 0, 5)
	q.Close()
	synctest.Test(t, func(t *testing.T) {
		os.Rename(dir, dir+".away")
		q := open(t, Options{Dir: dir})
		bind(t, q, "bob", 0)
		put(t, q, 5, 3)
		os.Rename(dir+".away", dir)
		time.Sleep(2 * retryLast)
		if s := q.Stats(); s != (Stats{Messages: 3, Bytes: 6, Dropped: 5}) || q.Storage() != nil {
			t.Errorf("%+v, %v", s, q.Storage())
		}
		wantGap(t, q, 1, 5, 5)
		drain(t, q, 5, 3)
		q.Close()
	})
}

func TestNumbersAreNeverGivenAwayTwice(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		given := map[string]bool{}
		for _, trouble := range []error{syscall.EROFS, syscall.EIO} {
			var p tap
			q := open(t, Options{Dir: dir, Tap: p.op})
			q.Online(true)
			put(t, q, 0, 3)
			if err := q.Flush(); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				next(t, q) // and no acknowledgement
			}
			p.broken(trouble) // no number can be reserved from here on
			for range reserve + 10 {
				q.Put("t", []byte("x"))
				seq, _, _, err := q.Next(t.Context())
				id := fmt.Sprint(q.Stream(), " ", seq)
				if err != nil || given[id] {
					t.Fatal(id, "was given away before", err)
				}
				given[id] = true
				q.Ack(seq)
			}
			storageError(t, q.Storage(), trouble)
			q.abandon() // the power goes meanwhile
			p.broken(nil)
			q = open(t, Options{Dir: dir, Tap: p.op})
			for range q.Stats().Messages {
				next(t, q) // those from before
			}
			for range 10 {
				q.Put("t", []byte("x"))
				seq, _, _ := next(t, q)
				if id := fmt.Sprint(q.Stream(), " ", seq); given[id] {
					t.Fatal(id, "was given away before the power went")
				}
				q.Ack(seq)
			}
			p.broken(nil)
			time.Sleep(2 * retryLast)
			q.Rewind()
			drain(t, q, 0, 3)
			for q.Stats().Messages > 0 { // given before
				seq, _, _ := next(t, q)
				q.Ack(seq)
			}
			empty(t, q)
			q.abandon()
		}
	})
}

// size is what the files of a queue take.
func size(t *testing.T, dir string) (n int64) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "queue.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		n += info.Size()
	}
	return n
}

func TestLogGetsSmallAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	q := open(t, Options{Dir: dir, segment: testSegment})
	put(t, q, 0, 20000)
	q.Put("t", make([]byte, MaxPayload))
	if err := q.Flush(); err != nil {
		t.Fatal(err)
	}
	large := size(t, dir)
	drain(t, q, 0, 19000)
	stream := q.Stream()
	q.Close()
	if small := size(t, dir); large < 1<<20 || small > large/3 {
		t.Errorf("%d bytes became %d", large, small)
	}

	q = open(t, Options{Dir: dir, segment: testSegment})
	if err := q.Storage(); err != nil || q.Stream() != stream || q.Quarantined() != "" {
		t.Error(err, q.Stream())
	}
	drain(t, q, 19000, 1000)
	if _, _, payload := next(t, q); len(payload) != MaxPayload {
		t.Errorf("%d bytes", len(payload))
	}
}
