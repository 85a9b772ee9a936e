package queue

import (
	"context"

	"github.com/paird/paird/agent/internal/seglog"
)

// Next returns the next record, or a gap, once it is there; ctx's error if ctx ends first, or
// ErrClosed. Each comes once, in order, until Rewind. The payload must not be changed.
func (q *Queue) Next(ctx context.Context) (seq uint64, topic string, payload []byte, err error) {
	r, report, err := q.awaitNext(ctx)
	if report.N > 0 {
		q.o.OnGap(report.N, report.From, report.To)
	}
	return r.Seq, r.Topic, r.Payload, err
}

// awaitNext is Next without its call of OnGap, which may use the queue.
func (q *Queue) awaitNext(ctx context.Context) (r seglog.Record, report gap, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for ; err == nil; err = q.await(ctx) {
		if ctx.Err() != nil {
			return r, gap{}, ctx.Err()
		}
		if q.closed {
			return r, gap{}, ErrClosed
		}
		r, report, ok, waits := q.take(q.o.Now().stored(), q.log != nil && q.trouble.err == nil)
		q.urgent = q.urgent || waits
		q.arm()
		if ok {
			return r, report, nil
		}
	}
	return r, gap{}, err
}

// await waits without the lock until something has changed, or ctx ends.
func (q *Queue) await(ctx context.Context) error {
	if q.changed == nil {
		q.changed = make(chan struct{})
	}
	changed := q.changed
	q.mu.Unlock()
	defer q.mu.Lock()
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wake ends all calls of await: there is another record, or more room, or the queue is closed.
func (q *Queue) wake() {
	if q.changed != nil {
		close(q.changed)
		q.changed = nil
	}
}

// Ack says that the broker has acknowledged the record: it is never given again. It has no effect on
// a record that is not in flight.
func (q *Queue) Ack(seq uint64) error { return q.do(func() { q.ack(seq) }) }

// SetAside takes a record out that the broker refuses for good. It is counted as dropped and reported by
// a gap; a gap itself is removed. It has no effect on a record that was never given.
func (q *Queue) SetAside(seq uint64) error { return q.do(func() { q.setAside(seq); q.wake() }) }

// Rewind makes all that is in flight come again.
func (q *Queue) Rewind() { _ = q.do(func() { q.rewind(); q.wake() }) }

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
