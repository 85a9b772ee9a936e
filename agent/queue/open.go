package queue

import (
	"cmp"
	"crypto/rand"
	"errors"
	"math"
	"slices"

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
	l := &segments{dir: dir, name: "queue", size: q.o.segment, low: q.o.low}
	err = q.takeOver(l)
	if err == nil {
		err = q.join(l)
	}
	if err != nil {
		return errors.Join(err, l.close())
	}
	return nil
}

// closeLog closes a log that has to be read again. What it holds still counts.
func (q *Queue) closeLog() {
	q.mu.Lock()
	l := q.log
	q.log, q.ahead = nil, nil
	q.mu.Unlock()
	if err := l.close(); err != nil {
		q.o.Log.Warn("closing the damaged queue", "err", err)
	}
}

// join takes the log as it is on the disk: as our own after trouble with it, or as that of an earlier run.
func (q *Queue) join(l *segments) error {
	last, err := openSegments(l)
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case last.commit == 0 && q.begun:
		q.loseLog()
	case last.commit == 0:
	case q.begun:
		err = q.again(l)
	default:
		err = q.inherit(l, last.state)
	}
	if err != nil {
		return err
	}
	q.log, q.reopen, q.broken = l, false, cmp.Or(q.broken, l.broken)
	if l.broken != "" {
		q.o.Log.Error("the queue has lost records: a part of it is damaged and was set aside", "path", l.broken)
	}
	q.limit()
	q.signal()
	return nil
}

// again takes our own log after trouble. What was in its open frame is written again, to a new segment.
func (q *Queue) again(l *segments) error {
	v, err := l.survey(q.cursor, q.diskLast, nil)
	if err == nil {
		q.recount(v)
	}
	return err
}

// inherit takes the log that this device had before it started.
func (q *Queue) inherit(l *segments, last []byte) error {
	s, err := parseState(last)
	if err != nil {
		return err
	}
	v, err := l.survey(s.Cursor, math.MaxUint64, s.Out)
	if err != nil {
		return err
	}
	if err := l.resume(); err != nil {
		q.o.Log.Warn("the queue goes on in a new segment", "err", err)
	}
	q.adopt(s, v)
	if l.cut {
		q.stream = rand.Text() // numbers beyond s.Next may have been given away
	}
	if q.unread == 0 {
		l.skip()
	}
	q.begun, q.reserved = true, q.next
	return nil
}

// A survey is what a log holds of the records that matter.
type survey struct {
	unread int
	bytes  int64    // of the unread
	last   uint64   // seq
	out    []record // of those asked for
	holes  []gap    // numbers from the cursor to the end under which there is nothing
}

// survey counts the records from cursor to end, and returns those of out.
func (l *segments) survey(cursor, end uint64, out []uint64) (v survey, err error) {
	expected := cursor
	err = l.scan(func(s *segment, r record) {
		switch {
		case r.seq <= v.last || r.seq > end: // the first comes twice
			return
		case r.seq >= cursor:
			if r.seq > expected {
				v.holes = append(v.holes, gap{From: expected, To: r.seq - 1})
			}
			expected = r.seq + 1
			s.unread++
			v.unread++
			v.bytes += int64(r.size())
		case slices.Contains(out, r.seq):
			r.payload = slices.Clone(r.payload)
			v.out = append(v.out, r)
		}
		v.last = r.seq
	})
	if expected <= end {
		v.holes = append(v.holes, gap{From: expected, To: end})
	}
	return v, err
}

// loseLog enters that the log is gone with all that was only there. What is in memory goes to the next one.
func (l *ledger) loseLog() {
	n := l.unread
	l.mem, l.out, l.ahead, l.unread = append(l.out, l.mem...), nil, nil, 0
	l.unsave()
	l.lose(gap{From: min(l.cursor, l.diskLast), To: l.diskLast, N: uint64(n)})
	l.cursor = max(l.cursor, l.diskLast+1)
	l.diskLast, l.stream = 0, rand.Text()
}

// recount takes what is left of the unread.
func (l *ledger) recount(v survey) {
	lost := max(0, l.unread-v.unread)
	l.unread = v.unread
	l.unsave()
	l.bytes += v.bytes
	l.loseIn(v.holes, uint64(lost))
}

// adopt puts what an earlier run left before what was put since. That gets numbers behind the others.
func (l *ledger) adopt(s state, v survey) {
	l.shift(s.Next - 1)
	for _, r := range v.out {
		l.out = append(l.out, &entry{record: r, saved: true, seen: true})
	}
	l.stream, l.cursor, l.unread, l.diskLast = s.Stream, s.Cursor, v.unread, v.last
	l.count(v.bytes)
	l.dropped += s.Dropped
	l.gaps = append(s.Gaps, l.gaps...)
	for _, seq := range s.Out {
		if l.out.find(seq) == nil {
			l.loseOne(seq)
		}
	}
	l.loseIn(before(v.holes, s.Next), uint64(max(0, s.Unread-v.unread)))
	switch {
	case !s.Owned:
	case !l.owned:
		l.owned, l.owner = true, s.Owner
	case l.owner == "" || l.owner != s.Owner:
		l.purge(s.Next)
	}
}

// before cuts the last hole, which has no end, at seq.
func before(holes []gap, seq uint64) []gap {
	end := &holes[len(holes)-1]
	if end.To = seq - 1; end.From > end.To {
		return holes[:len(holes)-1]
	}
	return holes
}

// shift adds n to all numbers. None of them is in flight.
func (l *ledger) shift(n uint64) {
	l.next += n
	for _, e := range l.mem {
		e.seq += n
		e.given, e.seen = false, false
	}
	for i := range l.gaps {
		l.gaps[i].From += n
		l.gaps[i].To += n
	}
}
