package queue

import (
	"errors"
	"slices"
	"syscall"
	"time"

	"github.com/paird/paird/agent/internal/seglog"
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

// trouble is that of the disk.
type trouble struct {
	err     error     // nil: there is none
	retry   time.Time // not before
	backoff time.Duration
}

// after is the trouble once the disk has refused again.
func (t trouble) after(err error, now time.Time) trouble {
	wait := min(max(2*t.backoff, retryFirst), retryLast)
	return trouble{err: err, retry: now.Add(wait), backoff: wait}
}

// run is the writer: it writes what is due until Close.
func (q *Queue) run() {
	defer close(q.stopped)
	defer q.timer.Stop()
	for {
		select {
		case <-q.quit:
			return
		case <-q.timer.C:
			q.writeDue()
		}
	}
}

// writeDue writes until nothing is due.
func (q *Queue) writeDue() {
	q.io.Lock()
	defer q.io.Unlock()
	for {
		q.mu.Lock()
		q.looked = time.Now()
		if q.maxAge > 0 && q.messages() > 0 {
			q.peek(q.o.Now().stored()) // drops what is too old
		}
		wait := q.arm()
		q.mu.Unlock()
		if wait > 0 {
			return
		}
		_ = q.write(false) // kept as q.trouble
	}
}

// arm makes the writer look when something is due, not before, and returns how long that is.
func (q *Queue) arm() time.Duration {
	now := time.Now()
	if q.changes != q.logged && q.dirty.IsZero() {
		q.dirty = now
	}
	wait := q.deadline(now).Sub(now)
	q.timer.Reset(wait)
	return wait
}

// deadline is when something has to be written, or to be looked at.
func (q *Queue) deadline(now time.Time) time.Time {
	due := now.Add(24 * time.Hour)
	sooner := func(t time.Time) {
		if t.Before(due) {
			due = t
		}
	}
	unsaved := q.unsaved()
	if len(unsaved) > 0 {
		sooner(unsaved[0].put.Add(q.ackTime()))
	}
	if q.log != nil && !q.dirty.IsZero() {
		sooner(q.dirty.Add(groupWait))
	}
	if scarce := q.next+reserve/2 > q.reserved; scarce || q.urgent || q.memBytes >= spillBytes {
		sooner(now)
	}
	if q.trouble.err != nil {
		due = q.trouble.retry
		if e := unsaved.untried(); e != nil && q.o.Sync == Always { // a call of Put waits for its answer
			sooner(e.put.Add(q.ackTime()))
		}
	}
	if q.maxAge > 0 && q.messages() > 0 {
		sooner(q.looked.Add(ageWait))
	}
	return due
}

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

// A job is one frame to write.
type job struct {
	group   ring
	state   state
	changes uint64 // ledger.changes at the time
	floor   uint64 // remove the segments below first; 0: none

	in   *seglog.Segment // that has it
	open uint64          // see seglog.Log.Append
}

// write writes one frame with what is due; all: as many as it takes for all that is in memory. The caller
// holds io.
func (q *Queue) write(all bool) error {
	for {
		if err := q.ensureLog(); err != nil {
			return q.failed(nil, err)
		}
		q.mu.Lock()
		j := q.plan(all)
		q.mu.Unlock()
		if err := q.append(&j); err != nil {
			return q.failed(j.group, err)
		}
		if more := q.wrote(j); !all || !more {
			return nil
		}
	}
}

// ensureLog opens the log unless it is open and sound, or numbers in flight would change by it.
func (q *Queue) ensureLog() error {
	q.mu.Lock()
	sound, trouble := q.log != nil && !q.reopen, q.trouble.err
	flying := q.log == nil && q.online && !q.begun && q.list.from(q.at) > 0
	q.mu.Unlock()
	switch {
	case sound:
		return nil
	case flying && trouble != nil:
		return trouble
	}
	return q.openLog()
}

// plan decides what to write: small groups wait for their acknowledgement, and what is settled needs no group.
func (q *Queue) plan(all bool) job {
	j := job{changes: q.changes}
	if segments := q.log.Segments(); q.full && len(segments) > 1 {
		q.dropTo(segments[0].Last) // newer records may have its room
		j.floor = segments[0].Last + 1
	}
	q.full = false
	unsaved := q.unsaved()
	due := len(unsaved) > 0 && time.Since(unsaved[0].put) >= q.ackTime()
	if all || due || q.memBytes >= spillBytes {
		j.group = q.group(q.log.Room())
	}
	numbers := uint64(reserve)
	if all && q.closed && len(j.group) == len(unsaved) {
		numbers = 0 // it is the last frame
	}
	j.state = q.state(numbers)
	return j
}

// append puts the job on the disk, and removes what is settled by it.
func (q *Queue) append(j *job) (err error) {
	if j.floor > 0 {
		if err := q.log.Replace(j.floor); err != nil {
			return err
		}
	}
	if q.o.Sync == Always && len(j.group) > 0 {
		if err := q.log.Low(0); err != nil {
			return err
		}
	}
	if j.in, j.open, err = q.log.Append(j.state.encode(), j.group.records()); err != nil {
		return err
	}
	floor := j.state.floor()
	if err := q.log.Release(func(s *seglog.Segment) bool { return s.Last < floor }); err != nil {
		q.o.Log.Warn("a segment of the queue stays longer than it need", "err", err)
	}
	return nil
}

// wrote enters what the disk has taken. more: there are records that it has not.
func (q *Queue) wrote(j job) (more bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.trouble, q.urgent, q.begun = trouble{}, false, true
	q.reserved, q.logged, q.dirty = j.state.Next, j.changes, time.Time{}
	q.gaps.saved(j.state.Gaps)
	q.saved(j.group, j.in, j.open)
	q.limit()
	q.arm()
	q.wake()
	return len(q.unsaved()) > 0
}

// failed enters that the disk has refused the group; nil: to be opened, and so all that is in memory.
func (q *Queue) failed(group ring, err error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	err = q.fault(err)
	if group == nil && q.log == nil {
		group = slices.Clone(q.unsaved())
	}
	q.writing = 0
	for _, e := range group {
		if e.gone || time.Since(e.put) < q.ackTime() {
			continue
		}
		if e.tried = true; e.wait != nil && e.Seq >= q.at {
			e.answer(err)
			q.settle(e)
		}
	}
	noRoom := errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
	q.full = noRoom && q.o.Sync == Group && q.memBytes > memMax/2 && q.log != nil
	return err
}

// fault notes trouble with the disk.
func (q *Queue) fault(err error) error {
	if q.trouble.err == nil {
		q.o.Log.Error("the queue cannot use the disk, it keeps the newest in memory", "path", q.path(), "err", err)
	}
	if _, known := errors.AsType[*StorageError](err); !known {
		err = &StorageError{Path: q.path(), Err: err}
	}
	q.trouble = q.trouble.after(err, time.Now())
	q.wake() // it may be waited for
	q.arm()
	return err
}
