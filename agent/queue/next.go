package queue

import (
	"context"
	"slices"
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
		r, ok := q.take()
		if ok {
			q.mu.Unlock()
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

// take puts the next record, or a gap that is due, in flight.
func (q *Queue) take() (record, bool) {
	f, ok := q.peek()
	if g := q.gaps.before(seqOr(f, ok, q.next)); g != nil {
		// Its number must not come back with the record that had it, whatever happens.
		if !g.kept && q.disk != nil && q.trouble == nil {
			q.urgent = true
			q.arm(time.Now())
			return record{}, false
		}
		g.sent = true
		return record{seq: g.To, topic: gapTopic, payload: g.payload()}, true
	}
	if !ok {
		return record{}, false
	}
	if f.seq <= q.diskLast {
		q.out = append(q.out, outstanding{f.seq, f.size})
		q.ahead = q.ahead[1:]
	}
	q.cursor = f.seq + 1
	return f.record, true
}

func seqOr(f found, ok bool, otherwise uint64) uint64 {
	if ok {
		return f.seq
	}
	return otherwise
}

// peek returns the next record that is fit to be sent, and drops those before it that are not.
func (q *Queue) peek() (found, bool) {
	now := q.o.Now().stored()
	for {
		f, ok := q.first()
		switch {
		case !ok:
			return found{}, false
		case f.err != nil:
			q.o.Log.Error("dropped from the queue", "err", f.err)
		case q.o.MaxAge > 0 && f.at.age(now) > q.o.MaxAge:
		default:
			return f, true
		}
		if !q.drop(f.seq) {
			return found{}, false
		}
	}
}

// first returns the first record that is not in flight, and moves the cursor to it. It is at the front
// of ahead, or in mem.
func (q *Queue) first() (found, bool) {
	for q.cursor <= q.diskLast {
		if len(q.ahead) == 0 && !q.read() {
			return found{}, false
		}
		if len(q.ahead) > 0 {
			q.cursor = q.ahead[0].seq
			return q.ahead[0], true
		}
	}
	for _, e := range q.mem[q.memFrom(q.cursor):] {
		if !e.done {
			q.cursor = e.seq
			return found{record: e.record, size: e.size()}, true
		}
	}
	return found{}, false
}

// read fills ahead from the disk, or moves the cursor behind what is there. It fails with the disk.
func (q *Queue) read() bool {
	if q.disk == nil || q.suspect {
		return false
	}
	if q.cursor = max(q.cursor, q.floor); q.cursor > q.diskLast {
		return true
	}
	ahead, err := q.disk.load(q.cursor)
	if err != nil {
		q.fault(err)
		return false
	}
	end := q.diskLast + 1
	if n := len(ahead); n > 0 {
		end = min(end, ahead[n-1].seq+1)
	}
	// The disk may be ahead of the books, or behind, while the writer is at work.
	q.ahead = slices.DeleteFunc(ahead, func(f found) bool {
		_, dead := q.dead[f.seq]
		return dead || f.seq > q.diskLast
	})
	if len(q.ahead) == 0 {
		q.cursor = end
	}
	return true
}

// Ack says that the broker has acknowledged the record: it is never given again. It has no effect on
// a record that is not in flight.
func (q *Queue) Ack(seq uint64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return ErrClosed
	case q.gaps.remove(seq):
		q.touch()
	case q.inFlight(seq):
		if stored, _ := q.remove(seq); stored {
			q.touch()
		}
	}
	return nil
}

// SetAside takes a record out that the broker refuses for ever. It is counted as dropped and told by
// a gap; a gap itself just goes.
func (q *Queue) SetAside(seq uint64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return ErrClosed
	case q.gaps.remove(seq):
		q.touch()
	default:
		if q.drop(seq) {
			q.touch()
			q.signal()
		}
	}
	return nil
}

// Rewind makes all that is in flight come again.
func (q *Queue) Rewind() {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case len(q.out) > 0:
		q.cursor = q.out[0].seq
	case q.cursor > q.diskLast && len(q.mem) > 0:
		q.cursor = min(q.cursor, q.mem[0].seq)
	}
	q.out, q.ahead = nil, nil
	q.gaps.rewind(q.live)
	q.signal()
}

// Online tells whether there is a session. With Sync "always" a record put while there is one is given
// half a second to be acknowledged before it is written to the disk.
func (q *Queue) Online(online bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.online = online
	q.arm(time.Now())
}

// signal wakes the calls of Next that wait.
func (q *Queue) signal() {
	if q.ready != nil {
		close(q.ready)
		q.ready = nil
	}
}
