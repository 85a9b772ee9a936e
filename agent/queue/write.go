package queue

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

const (
	groupWait  = 4 * time.Second        // of the five promised; the rest is for the disk
	ackWait    = 500 * time.Millisecond // for the broker to spare us the disk, with Sync "always"
	ageWait    = time.Minute            // between looks for records that are too old
	retryFirst = 2 * time.Second        // after the first trouble with the disk; then twice that, and so on
	retryLast  = time.Minute
	spillBytes = 256 << 10 // of memory: then the records go to the log
	reserve    = 1 << 16   // numbers reserved by a frame
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
		t.Reset(q.writeDue())
	}
}

// writeDue writes what is due and returns how long there is nothing to write.
func (q *Queue) writeDue() time.Duration {
	q.io.Lock()
	defer q.io.Unlock()
	for {
		q.mu.Lock()
		if q.o.MaxAge > 0 && q.messages() > 0 {
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
	unsaved := q.mem.unsaved()
	if len(unsaved) > 0 {
		sooner(unsaved[0].put.Add(q.ackTime()))
	}
	if q.log != nil && !q.dirty.IsZero() {
		sooner(q.dirty.Add(groupWait))
	}
	if q.urgent || q.memBytes >= spillBytes || q.scarce() {
		sooner(now)
	}
	if q.trouble != nil {
		due = q.retry
		for _, e := range unsaved { // a call of Put waits for its answer
			if !e.tried && q.o.Sync == Always {
				sooner(e.put.Add(q.ackTime()))
				break
			}
		}
	}
	if q.o.MaxAge > 0 && q.messages() > 0 {
		sooner(now.Add(ageWait))
	}
	return due
}

// scarce says that reserved numbers run out.
func (q *Queue) scarce() bool { return q.next+reserve/2 > q.reserved }

// ackTime is how long a record may wait in memory for its acknowledgement.
func (q *Queue) ackTime() time.Duration {
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

// touch makes a frame due, for what no call waits for but should not be forgotten either.
func (q *Queue) touch() {
	q.changes++
	if q.dirty.IsZero() {
		q.dirty = time.Now()
		q.arm(q.dirty)
	}
}

// A job is one frame to write.
type job struct {
	group   []*entry
	state   state
	changes uint64 // Queue.changes at the time
	floor   uint64 // remove the segments below first; 0: none
}

// write writes one frame with what is due; all: as many as it takes for all that is in memory. The caller
// holds io.
func (q *Queue) write(all bool) error {
	for {
		if err := q.ensureLog(); err != nil {
			return q.failed(job{group: q.mem.unsaved()}, err)
		}
		q.mu.Lock()
		j := q.plan(all)
		q.mu.Unlock()
		if err := q.do(j); err != nil {
			return q.failed(j, err)
		}
		if more := q.done(j); !all || !more {
			return nil
		}
	}
}

// ensureLog opens the log unless it is open and sound.
func (q *Queue) ensureLog() error {
	q.mu.Lock()
	sound, flying, trouble := q.log != nil && !q.reopen, q.flying(), q.trouble
	q.mu.Unlock()
	switch {
	case sound:
		return nil
	case flying:
		return trouble // for a little longer
	}
	return q.openLog()
}

// plan decides what to write: small groups wait for their acknowledgement, and what is settled needs no group.
func (q *Queue) plan(all bool) job {
	j := job{changes: q.changes}
	if q.full {
		q.full = false
		j.floor = q.dropSegment()
	}
	unsaved := q.mem.unsaved()
	due := len(unsaved) > 0 && time.Since(unsaved[0].put) >= q.ackTime()
	if all || due || q.memBytes >= spillBytes {
		room := q.log.capacity()
		for _, e := range unsaved {
			if room -= itemHeader + e.size(); room < 0 && len(j.group) > 0 {
				break
			}
			e.writing = true
			j.group = append(j.group, e)
		}
	}
	j.state = q.state(j.group, all && q.closed && len(j.group) == len(unsaved))
	return j
}

func (q *Queue) do(j job) error {
	if j.floor > 0 {
		if err := q.log.release(below(j.floor)); err != nil {
			return err
		}
		q.log.swap = 1
	}
	if q.o.Sync == Always && len(j.group) > 0 {
		if err := q.o.low(0); err != nil {
			return err
		}
	}
	group := make([]record, len(j.group))
	for i, e := range j.group {
		group[i] = e.record
	}
	if err := q.log.append(j.state.encode(), group); err != nil {
		return err
	}
	if err := q.log.release(below(j.state.floor())); err != nil {
		q.o.Log.Warn("a segment of the queue stays longer than it need", "err", err)
	}
	return nil
}

// done enters what the disk has taken. more: there are records that it has not.
func (q *Queue) done(j job) (more bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.trouble, q.backoff = nil, 0
	for _, e := range j.group {
		e.writing, e.saved, e.seg = false, true, q.log.tail.segment
		if !e.gone {
			q.memBytes -= e.cost()
			e.answer(nil)
		}
	}
	q.reserved, q.logStream = j.state.Next, j.state.Stream
	q.gaps.saved(j.state.Gaps)
	q.urgent = false
	if q.dirty = (time.Time{}); q.changes != j.changes {
		q.dirty = time.Now()
	}
	for _, e := range j.group {
		if e.gone {
			q.touch() // settled while it was written
		}
	}
	q.stow(q.log.open())
	q.limit()
	q.signal()
	q.unblock()
	return len(q.mem.unsaved()) > 0
}

// stow lets go of the entries below seq that are in the log: their frame is not written again. Those that were
// given once stay in memory until they are settled.
func (q *Queue) stow(seq uint64) {
	for len(q.mem) > 0 && q.mem[0].saved && q.mem[0].seq < seq {
		e := q.mem[0]
		q.mem[0] = nil
		q.mem = q.mem[1:]
		q.diskLast = e.seq
		if e.seen {
			q.out = append(q.out, e)
		} else {
			q.unread++
			e.seg.unread++
		}
	}
}

// failed enters that the disk has refused.
func (q *Queue) failed(j job, err error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	err = q.fault(err)
	for _, e := range j.group {
		if e.writing = false; e.gone || time.Since(e.put) < q.ackTime() {
			continue
		}
		if e.tried = true; e.wait != nil && !e.given {
			e.answer(err)
			q.settle(e)
		}
	}
	noRoom := errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT)
	q.full = noRoom && q.o.Sync == Group && q.memBytes > memMax/2 && q.log != nil
	q.unblock()
	return err
}

// fault notes trouble with the disk, and when to try again.
func (q *Queue) fault(err error) error {
	if q.trouble == nil {
		q.o.Log.Error("the queue cannot use the disk, it keeps the newest in memory", "path", q.path(), "err", err)
	}
	if _, known := errors.AsType[*StorageError](err); !known {
		err = &StorageError{Path: q.path(), Err: err}
	}
	q.trouble = err
	q.backoff = min(max(2*q.backoff, retryFirst), retryLast)
	q.retry = time.Now().Add(q.backoff)
	q.signal() // a call of Next may have waited for the disk
	q.arm(time.Now())
	return q.trouble
}
