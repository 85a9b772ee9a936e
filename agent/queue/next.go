package queue

import "context"

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
		r, report, ok, waits := q.take(q.o.Now().stored(), q.log != nil && q.trouble.err == nil)
		q.urgent = q.urgent || waits
		q.arm()
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

// Ack says that the broker has acknowledged the record: it is never given again. It has no effect on
// a record that is not in flight.
func (q *Queue) Ack(seq uint64) error { return q.do(func() { q.ack(seq) }) }

// SetAside takes a record out that the broker refuses for good. It is counted as dropped and reported by
// a gap; a gap itself is removed. It has no effect on a record that was never given.
func (q *Queue) SetAside(seq uint64) error { return q.do(func() { q.setAside(seq); q.signal() }) }

// Rewind makes all that is in flight come again.
func (q *Queue) Rewind() { _ = q.do(func() { q.rewind(); q.signal() }) }

// Online sets whether there is a session. With Sync "always" a record put while there is one is given
// half a second to be acknowledged before it is written to the disk.
func (q *Queue) Online(online bool) { _ = q.do(func() { q.online = online }) }

// do changes the queue, unless it is closed, and has the writer see to it.
func (q *Queue) do(change func()) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrClosed
	}
	change()
	q.arm()
	return nil
}
