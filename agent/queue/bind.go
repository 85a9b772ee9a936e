package queue

import (
	"errors"

	"github.com/paird/paird/agent/internal/seglog"
	"github.com/paird/paird/agent/queue/internal/former"
)

// Bind says whose queue it is from now on. An unowned queue is adopted with all that is in it.
// What was queued under another account is dropped, counted, and its number returned. The empty
// account is one that is not known, and so another than any before, itself included: call Bind when a
// grant begins, not for each session under it. Trouble with the disk is no error, see Storage: the owner is
// written together with the first record of that account.
func (q *Queue) Bind(account string) (purged int, err error) {
	q.io.Lock()
	defer q.io.Unlock()
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return 0, ErrClosed
	}
	if q.owned && account != "" && account == q.owner {
		q.mu.Unlock()
		return 0, nil
	}
	open := q.log != nil
	if q.owned {
		purged = q.purge(q.next)
	}
	if purged > 0 {
		q.o.Log.Warn("what was queued for another account is dropped", "records", purged)
	}
	if open && purged > 0 {
		q.log.Skip()
	}
	q.owned, q.owner = true, account
	q.changes++
	q.arm()
	q.mu.Unlock()
	if open {
		_ = q.write(false) // kept as q.trouble
	}
	return purged, nil
}

// Close flushes and ends the queue. A Put that still waits gets ErrClosed or its record is written.
func (q *Queue) Close() error {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return nil
	}
	q.closed, q.online = true, false
	q.wake()
	q.mu.Unlock()
	close(q.quit)
	<-q.stopped

	q.io.Lock()
	defer q.io.Unlock()
	var err error
	if q.log != nil || len(q.list) > 0 {
		err = q.write(true)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range q.list {
		e.answer(ErrClosed)
	}
	if q.log == nil {
		return err
	}
	return errors.Join(err, q.log.Close())
}

// Erase drops everything, overwrites and removes the files, those set aside too, and begins again:
// with another stream, unowned, and nothing counted. Files come back when there is something to keep.
func (q *Queue) Erase() error {
	q.io.Lock()
	defer q.io.Unlock()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrClosed
	}
	var err error
	if q.log != nil {
		err = q.log.Close()
	}
	for _, e := range q.list {
		e.answer(nil)
	}
	q.log = nil
	q.clear()
	q.wake()
	return errors.Join(err, seglog.Erase(q.o.Dir, q.o.Tap, isOurs))
}

func isOurs(file string) bool { return seglog.Owns(file, logName) || former.Owns(file) }
