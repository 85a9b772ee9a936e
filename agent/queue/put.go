package queue

import (
	"context"
	"crypto/rand"
	"math"
	"slices"
	"time"

	"github.com/paird/paird/agent/internal/seglog"
)

const (
	maxTopic = 1 << 10 // bytes
	memHigh  = 1 << 20 // bytes of memory at which Put waits for the disk
	memMax   = 4 << 20 // bytes of memory for records that the disk does not take
)

// Put accepts a record for the broker; payload is copied. See the package for what accepted means.
// Errors are ErrTooLarge, ErrClosed and, with Sync "always", a *StorageError: then it was not accepted.
func (q *Queue) Put(topic string, payload []byte) error {
	return q.PutContext(context.Background(), topic, payload)
}

// PutContext is Put that waits no longer than ctx lasts. After ctx's error it is open whether the
// record was accepted.
func (q *Queue) PutContext(ctx context.Context, topic string, payload []byte) error {
	size := int64(len(topic) + len(payload))
	if len(payload) > MaxPayload || len(topic) > maxTopic || size > q.o.MaxBytes {
		return ErrTooLarge
	}
	if err := q.room(ctx); err != nil {
		return err
	}
	wait, err := q.accept(topic, slices.Clone(payload))
	if err != nil || wait == nil {
		return err
	}
	select {
	case err := <-wait:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// room waits while the disk is busy writing what was put before: a burst must not push older records
// out of memory that the disk would have taken, nor run out of reserved numbers. With a disk in trouble
// it does not wait.
func (q *Queue) room(ctx context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.closed && q.trouble.err == nil && (q.memBytes >= memHigh || q.next >= q.reserved) {
		if err := q.await(ctx); err != nil {
			return err
		}
	}
	return nil
}

// accept appends the record. Where its caller has to wait for the disk it returns what to wait for.
func (q *Queue) accept(topic string, payload []byte) (<-chan error, error) {
	e := &entry{Record: seglog.Record{At: q.o.Now().stored(), Topic: topic, Payload: payload}, put: time.Now()}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, ErrClosed
	}
	if q.next >= q.reserved && q.trouble.err != nil {
		// The disk takes nothing for long. After a power cut these numbers would be given away
		// again, so what follows is another stream.
		q.stream, q.reserved = rand.Text(), math.MaxUint64
	}
	q.put(e)
	q.wake()
	defer q.arm()
	if q.o.Sync == Group {
		q.limit()
		return nil, nil
	}
	e.wait = make(chan error, 1) // limits hold once the disk has it: one that is refused must not push out others
	return e.wait, nil
}
