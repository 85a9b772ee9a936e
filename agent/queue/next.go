package queue

import (
	"context"
	"time"
)

// Next returns the next record, or a gap, once it is there; ctx's error if ctx ends first, or
// ErrClosed. Each comes once, in order, until Rewind. The payload must not be changed.
func (q *Queue) Next(ctx context.Context) (seq uint64, topic string, payload []byte, err error) {
	for {
		if err := ctx.Err(); err != nil {
			return 0, "", nil, err
		}
		q.mu.Lock()
		if q.closed {
			q.mu.Unlock()
			return 0, "", nil, ErrClosed
		}
		r, report, ok := q.take()
		if ok {
			q.mu.Unlock()
			if report.N > 0 {
				q.o.OnGap(report.N, report.From, report.To)
			}
			return r.seq, r.topic, r.payload, nil
		}
		if q.ready == nil {
			q.ready = make(chan struct{})
		}
		ready := q.ready
		q.mu.Unlock()
		select {
		case <-ready:
		case <-ctx.Done():
		}
	}
}

// signal wakes the calls of Next that wait.
func (q *Queue) signal() {
	if q.ready != nil {
		close(q.ready)
		q.ready = nil
	}
}

// take puts the next record, or a gap that is due, in flight. report is the gap if it comes for the first time.
func (q *Queue) take() (r record, report gap, ok bool) {
	r, ok = q.peek()
	before := q.next
	if ok {
		before = r.seq
	}
	if g := q.gaps.before(before); g != nil {
		// Its number must not come back with the record that had it, whatever happens.
		if !g.kept && q.log != nil && q.trouble == nil {
			q.urgent = true
			q.arm(time.Now())
			return record{}, gap{}, false
		}
		if !g.Told {
			report = *g
		}
		g.sent, g.Told = true, true
		return record{seq: g.To, topic: gapTopic, payload: g.payload()}, report, true
	}
	if ok {
		q.give(r)
	}
	return r, gap{}, ok
}

// give puts in flight what first has returned.
func (q *Queue) give(r record) {
	e := q.find(r.seq)
	if e == nil {
		e = &entry{record: r, saved: true}
		q.ahead, q.unread = q.ahead[1:], q.unread-1
		q.out = append(q.out, e)
	}
	e.given, e.seen = true, true
	q.cursor = max(q.cursor, r.seq+1)
}

// find returns a record that is in memory, or nil.
func (q *Queue) find(seq uint64) *entry {
	if seq <= q.diskLast {
		return q.out.find(seq)
	}
	return q.mem.find(seq)
}

// peek returns the next record that is fit to be sent, and drops those before it that are too old.
func (q *Queue) peek() (record, bool) {
	now := q.o.Now().stored()
	for {
		r, ok := q.first()
		if !ok || q.o.MaxAge <= 0 || r.at.age(now) <= q.o.MaxAge {
			return r, ok
		}
		q.dropFirst(r)
	}
}

// first returns the first record that is not in flight. None: there is none, or the disk does not give it.
func (q *Queue) first() (record, bool) {
	if e := q.out.waiting(); e != nil {
		return e.record, true
	}
	if q.unread > 0 {
		if len(q.ahead) == 0 && !q.load() {
			return record{}, false
		}
		return q.ahead[0], true
	}
	if e := q.mem.waiting(); e != nil {
		return e.record, true
	}
	return record{}, false
}

// load fills ahead from the disk.
func (q *Queue) load() bool {
	if q.log == nil || q.reopen {
		return false
	}
	var err error
	if q.ahead, err = q.log.load(q.cursor, q.diskLast); err != nil {
		q.reopen = true
		q.fault(err)
		return false
	}
	return true
}

// Ack says that the broker has acknowledged the record: it is never given again. It has no effect on
// a record that is not in flight.
func (q *Queue) Ack(seq uint64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrClosed
	}
	if q.gaps.remove(seq) {
		q.touch()
	} else if e := q.find(seq); e != nil && e.given {
		q.settle(e)
	}
	return nil
}

// SetAside takes a record out that the broker refuses for good. It is counted as dropped and reported by
// a gap; a gap itself just goes. It has no effect on a record that was never given.
func (q *Queue) SetAside(seq uint64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrClosed
	}
	if q.gaps.remove(seq) {
		q.touch()
	} else if e := q.find(seq); e != nil && e.seen {
		q.settle(e)
		q.loseOne(seq)
		q.signal()
	}
	return nil
}

// settle takes a record out of memory, and out of the log with the next frame.
func (q *Queue) settle(e *entry) {
	if !q.out.take(e) {
		q.mem.take(e)
	}
	e.gone = true
	e.answer(nil)
	q.bytes -= int64(e.size())
	if e.saved {
		q.touch()
	} else {
		q.memBytes -= e.cost()
	}
}

// Rewind makes all that is in flight come again.
func (q *Queue) Rewind() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.out.rewind()
	q.mem.rewind()
	q.gaps.rewind(q.live)
	q.signal()
}

// Online says whether there is a session. With Sync "always" a record put while there is one is given
// half a second to be acknowledged before it is written to the disk.
func (q *Queue) Online(online bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.online = online
	q.arm(time.Now())
}
