package queue

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// wantGap takes the next record, which must be that gap, and acknowledges it.
func wantGap(t testing.TB, q *Queue, from, to, n uint64) {
	t.Helper()
	seq, topic, payload := next(t, q)
	want := fmt.Sprintf(`{"type":"gap","dropped":%d,"from_seq":%d,"to_seq":%d}`, n, from, to)
	if seq != to || topic != "event" || payload != want || !json.Valid([]byte(payload)) {
		t.Fatalf("got seq %d %s %s, want %s", seq, topic, payload, want)
	}
	if err := q.Ack(seq); err != nil {
		t.Fatal(err)
	}
}

func TestOldestAreDroppedByBytes(t *testing.T) {
	for name, wait := range map[string]time.Duration{"memory": 0, "disk": 5 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := open(t, Options{MaxBytes: 20}) // ten records of two bytes
				put(t, q, 0, 10)
				time.Sleep(wait)
				for i := range 5 {
					q.Put("t", fmt.Append(nil, i))
				}
				if s := q.Stats(); s != (Stats{Messages: 10, Bytes: 20, Dropped: 5}) {
					t.Errorf("%+v", s)
				}
				wantGap(t, q, 1, 5, 5)
				drain(t, q, 5, 5)
				drain(t, q, 0, 5)
				empty(t, q)
				q.Close()
			})
		})
	}
}

func TestThoseInFlightAreDroppedLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := open(t, Options{MaxBytes: 20})
		put(t, q, 0, 10)
		first, _, _ := next(t, q)
		put(t, q, 0, 3)
		if err := q.Ack(first); err != nil {
			t.Fatal(err)
		}
		wantGap(t, q, 2, 4, 3)
		drain(t, q, 4, 6)
		drain(t, q, 0, 3)
		empty(t, q)
		q.Close()
	})
}

// With sync always a record counts against the limit once the disk has it. Where the broker has all of them by then, and
// has acknowledged none, the oldest of those in flight goes: nothing else would make room.
func TestInFlightIsDroppedWhereNothingElseIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := open(t, Options{MaxBytes: 4, Sync: Always})
		q.Online(true) // so each is in flight before the disk has it
		for i := range 3 {
			go func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				if err := q.Put("t", fmt.Append(nil, i)); err != nil {
					t.Error(err)
				}
			}()
		}
		for range 3 {
			next(t, q)
		}
		if s := q.Stats(); s != (Stats{Messages: 3, Bytes: 6}) {
			t.Errorf("before the disk has them: %+v", s)
		}
		time.Sleep(5 * time.Second)
		if s := q.Stats(); s != (Stats{Messages: 2, Bytes: 4, Dropped: 1}) {
			t.Errorf("once the disk has them: %+v", s)
		}
		q.Rewind()
		wantGap(t, q, 1, 1, 1)
		drain(t, q, 1, 2)
		empty(t, q)
		q.Close()
	})
}

func TestOldRecordsAreDropped(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		now := func() Stamp {
			s := Stamp{Boot: "one", Mono: time.Since(start)}
			if s.Mono >= 10*time.Hour {
				s.Wall = time.Now()
			}
			return s
		}
		q := open(t, Options{Dir: dir, MaxAge: 24 * time.Hour, Now: now})
		put(t, q, 0, 3) // while the clock is not set: their age is known all the same
		time.Sleep(10 * time.Hour)
		put(t, q, 3, 3)
		time.Sleep(14*time.Hour + 2*ageWait)
		if s := q.Stats(); s.Messages != 3 || s.Dropped != 3 {
			t.Errorf("after a day: %+v", s)
		}
		q.Close()

		next := Options{Dir: dir, MaxAge: 24 * time.Hour, Now: func() Stamp { return Stamp{Wall: time.Now(), Boot: "two"} }}
		q = open(t, next)
		wantGap(t, q, 1, 3, 3)
		time.Sleep(11 * time.Hour)
		if s := q.Stats(); s.Messages != 0 || s.Dropped != 6 {
			t.Errorf("after another boot: %+v", s)
		}
		wantGap(t, q, 4, 6, 3)
		empty(t, q)
		q.Close()
	})
}

func TestGapSurvivesARestartUntilItIsAcknowledged(t *testing.T) {
	dir := t.TempDir()
	for range 3 {
		q := open(t, Options{Dir: dir, MaxBytes: 4})
		if q.Stats().Dropped == 0 {
			put(t, q, 0, 4)
		}
		seq, topic, _ := next(t, q)
		if topic != gapTopic || seq != 2 {
			t.Fatalf("seq %d %s, want the gap 2", seq, topic)
		}
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
	}
	q := open(t, Options{Dir: dir, MaxBytes: 4})
	wantGap(t, q, 1, 2, 2)
	q.Close()
	q = open(t, Options{Dir: dir, MaxBytes: 4})
	drain(t, q, 2, 2)
	if s := q.Stats(); s.Dropped != 2 {
		t.Errorf("%+v, want 2 dropped", s)
	}
}

func TestSetAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := open(t, Options{})
		put(t, q, 0, 5)
		next(t, q)
		bad, _, _ := next(t, q)
		q.Rewind()
		if err := q.SetAside(bad); err != nil {
			t.Fatal(err)
		}
		drain(t, q, 0, 1)
		wantGap(t, q, bad, bad, 1)
		drain(t, q, 2, 3)
		empty(t, q)
		if s := q.Stats(); s.Dropped != 1 {
			t.Errorf("%+v", s)
		}
		q.Close()
	})
}

func TestGapThatIsSetAsideGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := open(t, Options{MaxBytes: 4})
		put(t, q, 0, 3)
		seq, _, _ := next(t, q)
		q.SetAside(seq)
		q.Rewind()
		drain(t, q, 1, 2)
		empty(t, q)
		if s := q.Stats(); s.Dropped != 1 {
			t.Errorf("%+v: a gap is no record", s)
		}
		q.Close()
	})
}

func TestTooLarge(t *testing.T) {
	q := open(t, Options{})
	if err := q.Put("t", make([]byte, MaxPayload+1)); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	if err := q.Put(strings.Repeat("t", maxTopic+1), nil); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	if err := q.Put("t", make([]byte, MaxPayload)); err != nil {
		t.Error(err)
	}
	if err := open(t, Options{MaxBytes: 10}).Put("t", make([]byte, 10)); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
}

func TestClosed(t *testing.T) {
	q := open(t, Options{})
	q.Close()
	if err := q.Put("t", nil); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, _, _, err := q.Next(t.Context()); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := q.Bind("a"); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := errors.Join(q.Close(), q.Flush()); err != nil {
		t.Error(err)
	}
	if _, err := Open(Options{Sync: "often"}); err == nil {
		t.Error("an unknown sync was taken")
	}
}

// A queue that is used each half minute still looks for records that are too old.
func TestOldRecordsAreDroppedFromABusyQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := open(t, Options{MaxAge: 10 * time.Minute})
		put(t, q, 0, 1)
		for range 24 {
			time.Sleep(ageWait / 2)
			q.Online(true)
		}
		if s := q.Stats(); s.Messages != 0 || s.Dropped != 1 {
			t.Errorf("%+v", s)
		}
		q.Close()
	})
}

// Two losses are one gap only if nothing between them is left, which counts for records that are on the disk alone too.
func TestGapsDoNotJoinOverTheUnread(t *testing.T) {
	l := ledger{unread: 1, cursor: 2, stowed: 50, next: 101, warn: func(gap) {}}
	l.loseOne(1)
	l.loseOne(100)
	if len(l.gaps) != 2 {
		t.Errorf("%+v", l.gaps)
	}
	l.unread = 0
	l.gaps.rewind(l.live)
	if len(l.gaps) != 1 || l.gaps[0].N != 2 {
		t.Errorf("%+v", l.gaps)
	}
}
