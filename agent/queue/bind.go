package queue

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/paird/paird/agent/internal/boltfile"
)

// Bind says whose queue it is from now on. A queue that is nobody's is adopted with all that is in it.
// What was queued under another account is dropped, counted, and its number returned. The empty
// account is one that is not known, and so another than any before, itself included: call Bind when a
// grant begins, not for each session under it. Trouble with the disk is no error, see Storage: the owner is
// written together with the first record that is his.
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
	if q.owned {
		purged = q.purge(q.next)
	}
	q.owned, q.owner, q.dirty = true, account, time.Now()
	q.changes++
	// Nothing of his goes to the journal before the database says whose it is.
	q.urgent = q.disk != nil
	open := q.urgent
	q.mu.Unlock()
	if open {
		_ = q.write(true) // kept as q.trouble
	}
	return purged, nil
}

// purge drops all records before seq.
func (q *Queue) purge(seq uint64) int {
	first := q.cursor
	if len(q.out) > 0 {
		first = min(first, q.out[0].seq)
	}
	if f, ok := q.first(); ok && len(q.out) == 0 {
		first = f.seq
	}
	keep, bytes := 0, int64(0)
	for _, e := range q.mem {
		switch {
		case e.done:
		case e.seq >= seq:
			keep++
			bytes += int64(e.size())
		default:
			first = min(first, e.seq)
			e.done = true
			e.answer(nil)
			q.memBytes -= e.cost()
		}
	}
	q.trim()
	purged := q.messages - keep
	q.messages, q.bytes = keep, bytes
	q.floor, q.cursor = q.diskLast+1, max(q.cursor, q.diskLast+1)
	q.out, q.ahead = nil, nil
	clear(q.dead)
	if purged > 0 {
		q.tell(first, seq-1, uint64(purged))
		q.o.Log.Warn("what was queued for another account is dropped", "records", purged)
	}
	return purged
}

// Flush puts all that is in memory on the disk.
func (q *Queue) Flush() error {
	q.io.Lock()
	defer q.io.Unlock()
	q.mu.Lock()
	idle := len(q.mem) == 0 && len(q.dead) == 0 && q.dirty.IsZero()
	q.mu.Unlock()
	if idle {
		return nil
	}
	return q.write(true)
}

// Close flushes and ends the queue. A Put that still waits gets ErrClosed or its record is written.
func (q *Queue) Close() error {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return nil
	}
	q.closed, q.online = true, false
	q.signal()
	q.unblock()
	q.mu.Unlock()
	close(q.quit)
	<-q.stopped

	q.io.Lock()
	defer q.io.Unlock()
	var err error
	if q.disk != nil || len(q.mem) > 0 {
		err = q.write(true)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range q.mem {
		e.answer(ErrClosed)
	}
	if q.disk == nil {
		return err
	}
	return errors.Join(err, q.disk.close(q.suspect, q.o.files.Disk))
}

// Erase drops everything, overwrites and removes the files, those set aside too, and begins anew:
// with another stream, nobody's, and nothing counted. Files come back when there is something to keep.
func (q *Queue) Erase() error {
	q.io.Lock()
	defer q.io.Unlock()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrClosed
	}
	var err error
	if q.disk != nil {
		err = q.disk.close(true, q.o.files.Disk)
	}
	for _, e := range q.mem {
		e.answer(nil)
	}
	q.disk, q.suspect, q.trouble, q.quarantined = nil, false, nil, ""
	q.begin()
	return errors.Join(err, eraseFiles(q.o.Dir, q.o.files.Disk))
}

func eraseFiles(dir string, d boltfile.Disk) error {
	paths, err := filepath.Glob(filepath.Join(dir, "queue.*"))
	for _, path := range paths {
		err = errors.Join(err, overwrite(path, d), d.Remove(path))
	}
	return errors.Join(err, d.SyncDir(dir))
}

// overwrite fills a file with zeros. What flash keeps of the old is beyond us.
func overwrite(path string, d boltfile.Disk) error {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	zeros := make([]byte, 64<<10)
	for at := int64(0); at < info.Size(); at += int64(len(zeros)) {
		if err := d.WriteAt(f, zeros[:min(int64(len(zeros)), info.Size()-at)], at); err != nil {
			return err
		}
	}
	return d.Sync(f)
}
