package queue

import "time"

const (
	groupWait  = 4 * time.Second        // of the five promised; the rest is for the disk
	ackWait    = 500 * time.Millisecond // for the broker to spare us the disk, with Sync "always"
	ageWait    = time.Minute            // between looks for records that are too old
	retryFirst = 2 * time.Second        // after the first trouble with the disk; then twice that, and so on
	retryLast  = time.Minute
	spillBytes = 256 << 10 // of memory: then the records go to the database
	deadBatch  = 512       // records acknowledged: then they are deleted
	reserve    = 1 << 16   // numbers reserved by a transaction
)

// run is the writer: it writes what is due until Close.
func (q *Queue) run() {
	defer close(q.stopped)
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		select {
		case <-q.quit:
			return
		case <-q.kick:
		case <-t.C:
		}
		t.Reset(q.tend())
	}
}

// tend does what is due and returns how long there is nothing to do.
func (q *Queue) tend() time.Duration {
	q.io.Lock()
	defer q.io.Unlock()
	for {
		q.mu.Lock()
		if q.o.MaxAge > 0 && q.messages > 0 {
			q.peek() // drops what is too old
		}
		now := time.Now()
		q.armed = q.deadline(now)
		wait := q.armed.Sub(now)
		q.mu.Unlock()
		if wait > 0 {
			return wait
		}
		_ = q.write(false) // kept as q.trouble
	}
}

// deadline is when something has to be written, or to be looked at.
func (q *Queue) deadline(now time.Time) time.Time {
	due := now.Add(24 * time.Hour)
	sooner := func(t time.Time) {
		if t.Before(due) {
			due = t
		}
	}
	if e := q.oldest(false); e != nil {
		sooner(e.put.Add(q.patience()))
	}
	if q.disk != nil && !q.dirty.IsZero() {
		sooner(q.dirty.Add(groupWait))
	}
	if q.urgent || q.memBytes >= spillBytes || len(q.dead) >= deadBatch || q.scarce() {
		sooner(now)
	}
	if q.trouble != nil {
		due = q.retry
		// Somebody waits for an answer.
		if e := q.oldest(true); e != nil && q.o.Sync == Always {
			sooner(e.put.Add(q.patience()))
		}
	}
	if q.o.MaxAge > 0 && q.messages > 0 {
		sooner(now.Add(ageWait))
	}
	return due
}

// oldest is the first record that is on no disk, or the first of those that no disk has refused yet.
func (q *Queue) oldest(untried bool) *entry {
	for _, e := range q.unsafe() {
		if !e.done && !(untried && e.tried) {
			return e
		}
	}
	return nil
}

// scarce says that reserved numbers run out.
func (q *Queue) scarce() bool { return q.next+reserve/2 > q.reserved }

// patience is how long a record may wait in memory for its acknowledgement.
func (q *Queue) patience() time.Duration {
	switch {
	case q.o.Sync == Group:
		return groupWait
	case q.online:
		return ackWait
	}
	return 0
}

// arm makes the writer look again if something is due before it would.
func (q *Queue) arm(now time.Time) {
	if q.deadline(now).Before(q.armed) {
		select {
		case q.kick <- struct{}{}:
		default:
		}
	}
}

// touch makes a transaction due, for what nobody waits for but should not be forgotten either.
func (q *Queue) touch() {
	q.changes++
	if q.dirty.IsZero() {
		q.dirty = time.Now()
	}
	q.arm(time.Now())
}
