package queue

import (
	"cmp"
	"crypto/rand"
	"errors"
	"slices"

	"github.com/paird/paird/agent/internal/seglog"
	"github.com/paird/paird/agent/internal/statedir"
)

// openLog opens the log and joins to what is in memory what it holds. The caller holds io.
func (q *Queue) openLog() error {
	if q.log != nil {
		q.closeLog()
	}
	dir, err := statedir.Open(q.o.Dir, q.o.Tap)
	if err != nil {
		return err
	}
	l := q.o.log(dir)
	aside, err := q.takeOver(dir)
	if err == nil {
		err = q.join(l, aside)
	}
	if err != nil {
		return errors.Join(err, l.Close())
	}
	return nil
}

// closeLog closes a log that has to be read again. What it holds still counts.
func (q *Queue) closeLog() {
	q.mu.Lock()
	l := q.log
	q.log = nil
	q.mu.Unlock()
	if err := l.Close(); err != nil {
		q.o.Log.Warn("closing the damaged queue", "err", err)
	}
}

// join takes the log as it is on the disk: as our own after trouble with it, or as that of an earlier run. aside is
// the path of what was there before it and is damaged.
func (q *Queue) join(l *seglog.Log, aside string) error {
	last, err := l.Open()
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case last == nil && q.begun:
		q.loseLog()
	case last == nil:
	case q.begun:
		err = q.again(l)
	default:
		err = q.inherit(l, last)
	}
	if err != nil {
		return err
	}
	part, _ := l.Broken()
	broken := cmp.Or(aside, part)
	q.log, q.reopen, q.broken = l, false, cmp.Or(q.broken, broken)
	if broken != "" {
		q.o.Log.Error("the queue has lost records: a part of it is damaged and was set aside", "path", broken)
	}
	q.limit()
	q.wake()
	return nil
}

// again takes our own log after trouble. What was in its open frame is written again, to a new segment.
func (q *Queue) again(l *seglog.Log) error {
	v, err := look(l, q.cursor, q.stowed, nil)
	if err == nil {
		q.recount(v)
	}
	return err
}

// inherit takes the log that this device had before it started.
func (q *Queue) inherit(l *seglog.Log, last []byte) error {
	s, err := parseState(last)
	if err != nil {
		return err
	}
	v, err := look(l, s.Cursor, s.Next-1, s.Out)
	if err != nil {
		return err
	}
	if err := l.Resume(); err != nil {
		q.o.Log.Warn("the queue goes on in a new segment", "err", err)
	}
	q.adopt(s, v)
	if _, cut := l.Broken(); cut {
		q.stream = rand.Text() // numbers beyond s.Next may have been given away
	}
	if q.unread == 0 {
		l.Skip()
	}
	q.begun, q.reserved = true, q.next
	return nil
}

// A survey is what a log holds of the records that matter.
type survey struct {
	unread int
	bytes  int64           // of the unread
	last   uint64          // seq
	out    []seglog.Record // of those asked for
	holes  []gap           // numbers from the cursor to the end under which there is nothing
}

// look counts the records from cursor to end, and returns those of out.
func look(l *seglog.Log, cursor, end uint64, out []uint64) (v survey, err error) {
	expected := cursor
	err = l.Scan(func(s *seglog.Segment, r seglog.Record) {
		switch {
		case r.Seq <= v.last || r.Seq > end: // the first comes twice
			return
		case r.Seq >= cursor:
			if r.Seq > expected {
				v.holes = append(v.holes, gap{From: expected, To: r.Seq - 1})
			}
			expected = r.Seq + 1
			s.Unread++
			v.unread++
			v.bytes += int64(r.Size())
		case slices.Contains(out, r.Seq):
			r.Payload = slices.Clone(r.Payload)
			v.out = append(v.out, r)
		}
		v.last = r.Seq
	})
	if expected <= end {
		v.holes = append(v.holes, gap{From: expected, To: end})
	}
	return v, err
}

// loseLog enters that the log is gone with all that was only there. What is in memory goes to the next one.
func (l *ledger) loseLog() {
	last, n := l.stowed, l.unread
	l.stowed, l.unread = 0, 0
	l.unsave(0)
	l.lose(gap{From: min(l.cursor, last), To: last, N: uint64(n)})
	l.cursor = max(l.cursor, last+1)
	l.stream = rand.Text()
}

// recount takes what is left of the unread.
func (l *ledger) recount(v survey) {
	lost := max(0, l.unread-v.unread)
	l.unread = v.unread
	l.unsave(v.bytes)
	l.loseIn(v.holes, uint64(lost))
}

// adopt puts what an earlier run left before what was put since. That gets numbers behind the others.
func (l *ledger) adopt(s state, v survey) {
	l.shift(s.Next - 1)
	l.list = append(entries(v.out), l.list...)
	l.stream, l.cursor, l.at, l.unread, l.stowed, l.durable = s.Stream, s.Cursor, 0, v.unread, v.last, v.last
	l.count(v.bytes)
	l.dropped += s.Dropped
	l.gaps = append(s.Gaps, l.gaps...)
	for _, seq := range s.Out {
		if l.list.find(seq) == nil {
			l.loseOne(seq)
		}
	}
	l.loseIn(v.holes, uint64(max(0, s.Unread-v.unread)))
	switch {
	case !s.Owned:
	case !l.owned:
		l.owned, l.owner = true, s.Owner
	case l.owner == "" || l.owner != s.Owner:
		l.purge(s.Next)
	}
}

// shift adds n to all numbers.
func (l *ledger) shift(n uint64) {
	l.next += n
	for _, e := range l.list {
		e.Seq += n
	}
	for i := range l.gaps {
		l.gaps[i].From += n
		l.gaps[i].To += n
	}
}
