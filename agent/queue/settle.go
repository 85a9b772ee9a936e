package queue

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// done enters into the books what the disk has taken.
func (q *Queue) done(j job) {
	if j.squeeze {
		q.retry = time.Now()
	} else {
		q.trouble, q.backoff, q.stiff = nil, 0, false
	}
	if n := len(j.group); n > 0 {
		q.journalled(j.group, j.group[n-1].seq)
	} else {
		q.committed(j)
	}
	q.limit()
	q.unblock()
}

// journalled enters a group whose last record is seq.
func (q *Queue) journalled(group []*entry, seq uint64) {
	for _, e := range q.mem[:q.memFrom(seq+1)] {
		e.safe = true // those that are done too: the safe ones come first
	}
	for _, e := range group {
		e.answer(nil)
		if e.done {
			q.touch() // acknowledged while it was written
		}
	}
}

func (q *Queue) committed(j job) {
	q.reserved, q.fileStream = j.batch.state.Next, j.batch.state.Stream
	if j.batch.state.Lap != q.lap {
		q.lap = j.batch.state.Lap
		q.disk.journal.rewind()
	}
	if j.batch.clear {
		q.floor = 0
	}
	for _, seq := range j.batch.remove {
		delete(q.dead, seq)
	}
	q.gaps.saved(j.batch.state.Gaps)
	q.urgent = false
	q.signal()
	if q.dirty = (time.Time{}); q.changes != j.changes {
		q.dirty = time.Now()
	}
	for _, e := range j.batch.put {
		q.stow(e)
	}
	if n := len(j.batch.put); n > 0 {
		q.mem = q.mem[q.memFrom(j.batch.put[n-1].seq+1):]
		q.trim()
	}
}

// stow moves an entry that the database has now out of memory.
func (q *Queue) stow(e *entry) {
	q.diskLast = e.seq
	switch {
	case e.done:
		q.dead[e.seq] = struct{}{}
		q.touch()
		return
	case e.seq < q.cursor:
		q.out = append(q.out, outstanding{e.seq, e.size()})
	}
	q.memBytes -= e.cost()
	e.answer(nil)
}

// failed enters that the disk has refused.
func (q *Queue) failed(j job, err error) error {
	err = q.fault(err)
	for _, e := range append(j.group, j.batch.put...) {
		if time.Since(e.put) < q.patience() {
			continue
		}
		if e.tried = true; e.wait != nil && !e.done && e.seq >= q.cursor {
			q.refuse(e, err)
		}
	}
	q.trim()
	q.stiff = q.stiff || j.squeeze
	q.squeeze = q.o.Sync == Group && q.memBytes > memMax/2 && q.disk != nil && !q.suspect && !q.stiff
	q.unblock()
	return err
}

// refuse takes back a record that its Put still waits for.
func (q *Queue) refuse(e *entry, err error) {
	e.answer(err)
	e.done = true
	q.memBytes -= e.cost()
	q.messages--
	q.bytes -= int64(e.size())
}

// fault notes trouble with the disk, and when to try again.
func (q *Queue) fault(err error) error {
	_, broken := errors.AsType[*brokenError](err)
	q.suspect = q.suspect || broken || errors.Is(err, unix.EIO)
	if q.trouble == nil {
		q.o.Log.Error("the queue cannot use the disk, it keeps the newest in memory", "path", q.path, "err", err)
	}
	if _, known := errors.AsType[*StorageError](err); !known {
		err = &StorageError{Path: q.path, Err: err}
	}
	q.trouble = err
	q.backoff = min(max(2*q.backoff, retryFirst), retryLast)
	q.retry = time.Now().Add(q.backoff)
	q.arm(time.Now())
	return q.trouble
}

// unblock wakes the calls of Put that wait for room.
func (q *Queue) unblock() {
	if q.settled != nil {
		close(q.settled)
		q.settled = nil
	}
}
