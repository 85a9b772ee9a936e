package queue

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// This is what a session needs of a queue; it is not imported, since leaves do not know each other.
var _ interface {
	Next(ctx context.Context) (seq uint64, topic string, payload []byte, err error)
	Ack(seq uint64) error
	SetAside(seq uint64) error
	Rewind()
	Put(topic string, payload []byte) error
	Online(bool)
	Stream() string
} = (*Queue)(nil)

// open opens a queue for the length of the test.
func open(t testing.TB, o Options) *Queue {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	q, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { q.Close() })
	return q
}

// Flush puts all that is in memory on the disk, as Close does.
func (q *Queue) Flush() error {
	q.io.Lock()
	defer q.io.Unlock()
	q.mu.Lock()
	idle := q.closed || len(q.unsaved()) == 0 && q.dirty.IsZero()
	q.mu.Unlock()
	if idle {
		return nil
	}
	return q.write(true)
}

func put(t testing.TB, q *Queue, from, n int) {
	t.Helper()
	for i := from; i < from+n; i++ {
		if err := q.Put("t", fmt.Append(nil, i)); err != nil {
			t.Fatalf("Put %d: %v", i, err)
		}
	}
}

// next takes one record without waiting for it to be put.
func next(t testing.TB, q *Queue) (seq uint64, topic, payload string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	seq, topic, p, err := q.Next(ctx)
	if err != nil {
		t.Fatalf("Next: %v", err)
	}
	return seq, topic, string(p)
}

// drain takes and acknowledges n records and checks that they are numbered on from `from`.
func drain(t testing.TB, q *Queue, from, n int) {
	t.Helper()
	for i := from; i < from+n; i++ {
		seq, _, payload := next(t, q)
		if payload != fmt.Sprint(i) {
			t.Fatalf("got record %q as seq %d, want %d", payload, seq, i)
		}
		if err := q.Ack(seq); err != nil {
			t.Fatal(err)
		}
	}
}

func empty(t testing.TB, q *Queue) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if seq, topic, payload, err := q.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Next on an empty queue: %d %s %s %v", seq, topic, payload, err)
	}
	if s := q.Stats(); s.Messages != 0 || s.Bytes != 0 {
		t.Fatalf("empty, but %+v", s)
	}
}

func TestFIFO(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := open(t, Options{})
		put(t, q, 0, 10)
		if s := q.Stats(); s.Messages != 10 || s.Bytes != 20 {
			t.Errorf("%+v, want 10 messages of 2 bytes", s)
		}
		drain(t, q, 0, 10)
		empty(t, q)
		q.Close()
	})
}

func TestRewindGivesTheUnacknowledgedAgain(t *testing.T) {
	for name, wait := range map[string]time.Duration{"memory": 0, "disk": 5 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := open(t, Options{})
				put(t, q, 0, 6)
				time.Sleep(wait)
				var seqs []uint64
				for range 4 {
					seq, _, _ := next(t, q)
					seqs = append(seqs, seq)
				}
				q.Ack(seqs[1])
				q.Ack(seqs[3])
				q.Rewind()
				for _, want := range []string{"0", "2", "4", "5"} {
					seq, _, payload := next(t, q)
					if payload != want {
						t.Fatalf("got %s, want %s", payload, want)
					}
					q.Ack(seq)
				}
				empty(t, q)
				q.Close()
			})
		})
	}
}

func TestRestart(t *testing.T) {
	dir := t.TempDir()
	q := open(t, Options{Dir: dir})
	stream := q.Stream()
	put(t, q, 0, 1000)
	drain(t, q, 0, 300)
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	q = open(t, Options{Dir: dir})
	if q.Stream() != stream {
		t.Errorf("stream %s became %s", stream, q.Stream())
	}
	if s := q.Stats(); s.Messages != 700 || s.Dropped != 0 {
		t.Errorf("%+v, want 700 messages", s)
	}
	put(t, q, 1000, 1)
	drain(t, q, 300, 701)
	if seq, want := q.next, uint64(1002); seq != want {
		t.Errorf("next seq after a clean stop is %d, want %d", seq, want)
	}
}

func TestAcceptedIsOnDiskWithinFiveSeconds(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		q := open(t, Options{Dir: dir})
		put(t, q, 0, 3)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if unsaved := q.unsaved(); len(unsaved) != 0 {
			t.Fatalf("%d records are in memory only", len(unsaved))
		}
		q.abandon()
	})
	q := open(t, Options{Dir: dir})
	drain(t, q, 0, 3)
}

// abandon leaves the files as a power cut would leave them, and ends the writer.
func (q *Queue) abandon() {
	q.mu.Lock()
	q.closed = true
	q.wake()
	q.mu.Unlock()
	close(q.quit)
	<-q.stopped
	if q.log != nil {
		q.log.Close()
	}
}

// What is not in flight is not the broker's to acknowledge or to refuse: not before it was given, and not between a
// Rewind and its next time. What was given once may be refused even then.
func TestWhatIsNotInFlightStays(t *testing.T) {
	q := open(t, Options{})
	put(t, q, 0, 3)
	if err := errors.Join(q.Ack(1), q.SetAside(2)); err != nil {
		t.Fatal(err)
	}
	next(t, q)
	next(t, q)
	q.Rewind()
	if err := errors.Join(q.Ack(1), q.SetAside(2), q.SetAside(3)); err != nil {
		t.Fatal(err)
	}
	if s := q.Stats(); s.Messages != 2 || s.Dropped != 1 {
		t.Errorf("%+v, want records 1 and 3", s)
	}
	drain(t, q, 0, 1)
	wantGap(t, q, 2, 2, 1)
	drain(t, q, 2, 1)
	empty(t, q)
	q.Close()
}
