package queue

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/internal/seglog"
	"github.com/paird/paird/agent/internal/statedir"
)

// block is a payload of which one record fills a block of the log.
var block = strings.Repeat(" ", 3500)

// On a full disk each segment still has room for what is settled.
func TestSettlingOnAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p tap
		dir := t.TempDir()
		o := Options{Dir: dir, Sync: Always, segment: testSegment, Tap: p.op}
		q := open(t, o)
		p.full.Store(true)
		n := 0
		for q.Put("t", fmt.Append(nil, n, block)) == nil {
			n++
		}
		if n < 4 {
			t.Fatalf("only %d records have room", n)
		}
		seq, _, _ := next(t, q)
		q.SetAside(seq)
		wantGap(t, q, 1, 1, 1)
		for range n - 2 {
			time.Sleep(5 * time.Second) // each is durable
			seq, _, _ := next(t, q)
			q.Ack(seq)
		}
		time.Sleep(5 * time.Second)
		if err := q.Storage(); err != nil {
			t.Error(err)
		}
		q.abandon()
		o.Tap = nil
		q = open(t, o)
		if s := q.Stats(); s.Messages != 1 || s.Dropped != 1 {
			t.Errorf("%+v", s)
		}
		q.Close()
	})
}

// A block that takes no write costs a segment, not the queue.
func TestBlockThatTakesNoWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tap := func(op statedir.Op) error {
			if op.Kind == statedir.Write && filepath.Base(op.Path) == "queue.00000001" && op.Off == 2*seglog.BlockSize {
				return syscall.EIO
			}
			return nil
		}
		q := open(t, Options{Tap: tap})
		for i := range 20 {
			if err := q.Put("t", fmt.Append(nil, i, block)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Second)
		}
		time.Sleep(2 * retryLast)
		if err := q.Storage(); err != nil || len(q.unsaved()) > 0 {
			t.Errorf("%v, %d records are in memory only", err, len(q.unsaved()))
		}
		q.Close()
	})
}

// What a write with a failed flush has left behind is not given beside what was written again.
func TestFailedFlushIsNotReadTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fail atomic.Bool
		tap := func(op statedir.Op) error {
			if op.Kind == statedir.Sync && fail.CompareAndSwap(true, false) {
				return syscall.EIO
			}
			return nil
		}
		q := open(t, Options{Tap: tap})
		for i := range 4 {
			if err := q.Put("t", fmt.Append(nil, i, block)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(5 * time.Second)
		fail.Store(true)
		for i := 4; i < 10; i++ {
			if err := q.Put("t", fmt.Append(nil, i, block)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Second)
		}
		time.Sleep(2 * retryLast)
		began := time.Now()
		for i := range 10 {
			seq, _, payload := next(t, q)
			if !strings.HasPrefix(payload, fmt.Sprint(i, " ")) {
				t.Errorf("got %.9q as number %d", payload, i)
			}
			q.Ack(seq)
		}
		if time.Since(began) > 0 || q.Storage() != nil || q.Stats() != (Stats{}) {
			t.Errorf("after %v: %v, %+v", time.Since(began), q.Storage(), q.Stats())
		}
		q.Close()
	})
}

// What is acknowledged while a frame is being written is in the next one, whether it was on the disk or is just
// being written.
func TestSettledWhileWritten(t *testing.T) {
	for _, stored := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			dir := t.TempDir()
			var q *Queue
			var settle sync.Once
			var armed atomic.Bool
			tap := func(op statedir.Op) error {
				if armed.Load() && op.Kind == statedir.Write {
					settle.Do(func() { q.Ack(1) })
				}
				return nil
			}
			q = open(t, Options{Dir: dir, Tap: tap})
			put(t, q, 0, 1)
			if stored {
				time.Sleep(5 * time.Second)
			}
			next(t, q)
			put(t, q, 1, 1)
			armed.Store(true)
			time.Sleep(5 * time.Second)
			armed.Store(false)
			time.Sleep(5 * time.Second)
			q.abandon()
			q = open(t, Options{Dir: dir})
			drain(t, q, 1, 1)
			empty(t, q)
			q.Close()
		})
	}
}

// A record that is being written is not dropped for the memory it takes: it would come and be counted as lost.
func TestWhatIsBeingWrittenIsNotDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p tap
		var q *Queue
		var once sync.Once
		var total atomic.Int64
		var writing atomic.Bool
		payload := make([]byte, 32<<10)
		fill := func(n int) {
			for range n {
				if err := q.Put("t", payload); err != nil {
					t.Fatal(err)
				}
				total.Add(1)
			}
		}
		tap := func(op statedir.Op) error {
			if err := p.op(op); err != nil {
				return err
			}
			if writing.Load() && op.Kind == statedir.Write {
				once.Do(func() { fill(64) })
			}
			return nil
		}
		var lost gaps
		o := Options{Dir: t.TempDir(), MaxBytes: 64 << 20, Tap: tap, OnGap: func(n, from, to uint64) { lost = append(lost, gap{From: from, To: to, N: n}) }}
		q = open(t, o)
		fill(3)
		time.Sleep(5 * time.Second)
		p.broken(syscall.EROFS)
		fill(1)
		time.Sleep(5 * time.Second)
		fill(memMax/len(payload) - 2)
		writing.Store(true)
		p.broken(nil)
		time.Sleep(2 * retryLast)
		q.abandon()
		q = open(t, o)
		got := 0
		for q.Stats().Messages > 0 {
			seq, topic, _ := next(t, q)
			if q.Ack(seq); topic == gapTopic {
				continue
			}
			got++
			if slices.ContainsFunc(lost, func(g gap) bool { return g.From <= seq && seq <= g.To }) {
				t.Errorf("record %d comes, and is reported as lost: %+v", seq, lost)
			}
		}
		if s := q.Stats(); got+int(s.Dropped) != int(total.Load()) || s.Dropped == 0 {
			t.Errorf("%d came, %d are counted as dropped, of %d", got, s.Dropped, total.Load())
		}
		q.Close()
	})
}

// The end of the log is lost: numbers that were given away there must not come again.
func TestDamagedEndBeginsAnotherStream(t *testing.T) {
	dir := t.TempDir()
	q := open(t, Options{Dir: dir, Sync: Always, segment: testSegment})
	for i := range 20 {
		if err := q.Put("t", fmt.Append(nil, i, block)); err != nil {
			t.Fatal(err)
		}
	}
	stream := q.Stream()
	q.Close()
	segments, _ := filepath.Glob(filepath.Join(dir, "queue.0*"))
	noisePages(t, segments[len(segments)-1])
	q = open(t, Options{Dir: dir, segment: testSegment})
	if s := q.Stats(); s.Messages < 10 || s.Messages >= 20 || q.Stream() == stream || q.Quarantined() == "" {
		t.Errorf("%+v, stream %s, was %s", s, q.Stream(), stream)
	}
	noisePages(t, segments[0])
	q.Close()
}

// Records that were in flight at the end, and are damaged at the next start, are counted too.
func TestDamagedRecordsThatWereInFlight(t *testing.T) {
	dir := t.TempDir()
	q := open(t, Options{Dir: dir, Sync: Always, segment: testSegment})
	for i := range 20 {
		if err := q.Put("t", fmt.Append(nil, i, block)); err != nil {
			t.Fatal(err)
		}
	}
	next(t, q)
	next(t, q)
	q.Close()
	noisePages(t, filepath.Join(dir, "queue.00000001"))
	q = open(t, Options{Dir: dir, segment: testSegment})
	if s := q.Stats(); s.Messages+int(s.Dropped) != 20 || s.Dropped < 3 {
		t.Errorf("%+v", s)
	}
}

// What is in flight when the log is lost goes to the next log.
func TestInFlightWhenTheLogIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		q := open(t, Options{Dir: dir})
		for i := range 10 {
			q.Put("t", fmt.Append(nil, i, block))
		}
		if err := q.Flush(); err != nil {
			t.Fatal(err)
		}
		next(t, q)
		next(t, q)
		if err := os.Truncate(filepath.Join(dir, "queue.00000001"), 0); err != nil {
			t.Fatal(err)
		}
		q.mu.Lock()
		loaded := q.list.from(q.cursor) // what was loaded is loaded again
		q.list, q.unread = q.list[:loaded], len(q.list)-loaded
		for _, s := range q.log.Segments() {
			s.Unread = q.unread
		}
		q.mu.Unlock()
		if _, topic, _ := next(t, q); topic != gapTopic {
			t.Errorf("got a record of topic %s", topic)
		}
		time.Sleep(2 * retryLast)
		q.abandon()
		q = open(t, Options{Dir: dir})
		if s := q.Stats(); s.Messages != 2 || s.Dropped != 8 {
			t.Errorf("%+v", s)
		}
		q.Close()
	})
}
