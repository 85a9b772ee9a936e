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
	dir, err := statedir.Open(q.o.Dir, q.o.tap)
	if err != nil {
		return err
	}
	l := &segments{dir: dir, name: "queue", size: q.o.segment, low: q.o.low}
	if err := q.join(l); err != nil {
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

// join takes the log as it is on the disk.
func (q *Queue) join(l *segments) error {
	last, err := openSegments(l)
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.log = l
	switch {
	case last.commit == 0:
		q.loseLog()
	case q.logStream != "":
		err = q.adoptOwn(l)
	default:
		err = q.adopt(l, last.state)
	}
	if err != nil {
		q.log = nil
		return err
	}
	q.reopen = false
	q.broken = cmp.Or(q.broken, l.broken)
	if l.broken != "" {
		q.o.Log.Error("the queue has lost records: a part of it is damaged and was set aside", "path", l.broken)
	}
	q.limit()
	q.signal()
	return nil
}

// loseLog enters that the log is gone with all that was only there. What is in memory goes to the next one.
func (q *Queue) loseLog() {
	if q.logStream == "" {
		return
	}
	q.mem = append(q.out, q.mem...)
	q.out = nil
	n := q.unread
	q.unread, q.ahead = 0, nil
	q.unsave()
	q.lose(gap{From: min(q.cursor, q.diskLast), To: q.diskLast, N: uint64(n)})
	q.cursor = max(q.cursor, q.diskLast+1)
	q.diskLast, q.stream, q.logStream = 0, rand.Text(), ""
}

// unsave makes all of mem be written again.
func (q *Queue) unsave() {
	for _, e := range q.mem {
		e.saved = false
	}
	q.count()
}

// count adds up the bytes of what is in memory.
func (q *Queue) count() {
	q.memBytes, q.bytes = 0, 0
	for _, r := range []ring{q.out, q.mem} {
		for _, e := range r {
			q.bytes += int64(e.size())
			if !e.saved {
				q.memBytes += e.cost()
			}
		}
	}
}

// A survey is what a log holds of the records that matter.
type survey struct {
	unread int
	bytes  int64    // of the unread
	last   uint64   // seq
	out    []record // of those asked for
	holes  []gap    // numbers from the cursor on under which there is nothing
}

// survey counts the records from cursor to end, and returns those of out.
func (l *segments) survey(cursor, end uint64, out []uint64) (v survey, err error) {
	expected := cursor
	err = l.scan(func(s *segment, r record) {
		if r.seq <= v.last || r.seq > end {
			return
		}
		v.last = r.seq
		if r.seq < cursor {
			if slices.Contains(out, r.seq) {
				r.payload = slices.Clone(r.payload)
				v.out = append(v.out, r)
			}
			return
		}
		if r.seq > expected {
			v.holes = append(v.holes, gap{From: expected, To: r.seq - 1})
		}
		expected = r.seq + 1
		s.unread++
		v.unread++
		v.bytes += int64(r.size())
	})
	if expected <= end {
		v.holes = append(v.holes, gap{From: expected, To: end})
	}
	return v, err
}

// adoptOwn takes our own log after trouble with it. What was in its open frame is written again.
func (q *Queue) adoptOwn(l *segments) error {
	v, err := l.survey(q.cursor, q.diskLast, nil)
	if err != nil {
		return err
	}
	lost := max(0, q.unread-v.unread)
	q.unread = v.unread
	q.unsave()
	q.bytes += v.bytes
	q.loseIn(v.holes, uint64(lost))
	return nil
}

// adopt takes a log of another stream: the one that this device had before it started. What was
// put meanwhile gets numbers behind those of the log.
func (q *Queue) adopt(l *segments, last []byte) error {
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
	if q.stream = s.Stream; l.cut {
		q.stream = rand.Text() // numbers beyond s.Next may have been given away
	}
	q.logStream = s.Stream
	q.shift(s.Next - 1)
	for _, r := range v.out {
		q.out = append(q.out, &entry{record: r, saved: true, seen: true})
	}
	q.cursor, q.unread, q.diskLast, q.reserved = s.Cursor, v.unread, v.last, q.next
	q.unsave()
	q.bytes += v.bytes
	q.dropped += s.Dropped
	q.gaps = append(s.Gaps, q.gaps...)
	q.loseOut(s.Out)
	q.loseIn(before(v.holes, s.Next), uint64(max(0, s.Unread-v.unread)))
	q.own(s)
	return nil
}

// before cuts the last hole, which has no end, at seq.
func before(holes []gap, seq uint64) []gap {
	end := &holes[len(holes)-1]
	if end.To = seq - 1; end.From > end.To {
		return holes[:len(holes)-1]
	}
	return holes
}

// loseOut counts the records of out that the log should have had, and has not.
func (q *Queue) loseOut(out []uint64) {
	for _, seq := range out {
		if q.out.find(seq) == nil {
			q.loseOne(seq)
		}
	}
}

// own decides whose the queue is: that of the log, unless Bind was called in the meantime.
func (q *Queue) own(s state) {
	switch {
	case !s.Owned:
	case !q.owned:
		q.owned, q.owner = true, s.Owner
	case q.owner == "" || q.owner != s.Owner:
		q.purge(s.Next)
	}
}

// shift adds n to all numbers. None of them is in flight.
func (q *Queue) shift(n uint64) {
	q.next += n
	for _, e := range q.mem {
		e.seq += n
		e.given, e.seen = false, false
	}
	for i := range q.gaps {
		q.gaps[i].From += n
		q.gaps[i].To += n
	}
}

// flying says whether a session has records in flight whose numbers would change if the disk came back.
func (q *Queue) flying() bool {
	return q.log == nil && q.trouble != nil && q.online && q.logStream == "" &&
		slices.ContainsFunc(q.mem, func(e *entry) bool { return e.given })
}
