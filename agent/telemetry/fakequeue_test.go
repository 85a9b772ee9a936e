package telemetry

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// fakeQueue is a queue in memory that records its calls.
type fakeQueue struct {
	mu      sync.Mutex
	records []queued // unacknowledged, in order
	next    int      // index of what Next gives
	seq     uint64
	more    chan struct{}
	acked   map[uint64]int
	aside   []uint64
	online  []bool
	putErr  error
}

func newFakeQueue() *fakeQueue {
	return &fakeQueue{more: make(chan struct{}), acked: map[uint64]int{}}
}

func (q *fakeQueue) Put(topic string, payload []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.putErr != nil {
		return q.putErr
	}
	q.seq++
	q.records = append(q.records, queued{seq: q.seq, topic: topic, payload: payload})
	close(q.more)
	q.more = make(chan struct{})
	return nil
}

func (q *fakeQueue) Next(ctx context.Context) (uint64, string, []byte, error) {
	for {
		q.mu.Lock()
		if q.next < len(q.records) {
			r := q.records[q.next]
			q.next++
			q.mu.Unlock()
			return r.seq, r.topic, r.payload, nil
		}
		more := q.more
		q.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return 0, "", nil, ctx.Err()
		}
	}
}

func (q *fakeQueue) Ack(seq uint64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.acked[seq]++
	return q.remove(seq)
}

func (q *fakeQueue) SetAside(seq uint64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.aside = append(q.aside, seq)
	return q.remove(seq)
}

func (q *fakeQueue) remove(seq uint64) error {
	i := slices.IndexFunc(q.records, func(r queued) bool { return r.seq == seq })
	if i < 0 {
		return fmt.Errorf("no record %d", seq)
	}
	q.records = slices.Delete(q.records, i, i+1)
	if i < q.next {
		q.next--
	}
	return nil
}

func (q *fakeQueue) Rewind() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.next = 0
}

func (q *fakeQueue) Online(b bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.online = append(q.online, b)
}

func (q *fakeQueue) Stream() string { return "s1" }

func (q *fakeQueue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.records)
}
