package queue

import (
	"errors"
	"slices"
	"syscall"

	"github.com/paird/paird/agent/internal/boltfile"
	"github.com/paird/paird/agent/internal/statedir"
)

// takeOver moves the records of a former queue to the log, with their stream and numbers, so that a consumer
// recognises those that it has already. After a cut in between the next start goes on behind what the log has. A
// file that cannot be read is set aside.
func (q *Queue) takeOver(l *segments) error {
	names, err := l.dir.Names()
	if err != nil {
		return err
	}
	if slices.Contains(names, formerFile) {
		err = q.moveFormer(&segments{dir: l.dir, name: l.name, size: l.size, low: l.low})
		if errors.Is(err, errUseless) {
			q.o.Log.Error("the queue of a former version is set aside", "err", err)
			l.broken, err = l.dir.SetAside(formerFile)
		} else if err == nil { // half of it would be a damaged one: it is to be erased under another name
			names = append(names, formerErased)
			err = errors.Join(l.dir.Rename(formerFile, formerErased), l.dir.Sync())
		}
	}
	for _, name := range []string{formerJournal, formerErased} {
		if err == nil && slices.Contains(names, name) {
			err = l.dir.Wipe(name)
		}
	}
	return err
}

// moveFormer appends to a log that nothing else uses meanwhile. Where this device has begun another queue since, it
// has done without these records.
func (q *Queue) moveFormer(l *segments) error {
	old, err := q.openFormer(l.dir)
	if err != nil {
		return err
	}
	defer old.close()
	defer l.seal()
	last, err := openSegments(l)
	if err != nil {
		return err
	}
	s := old.state
	s.Schema, s.Next, s.Cursor = schema, 1, 1
	if last.commit > 0 {
		if s, err = parseState(last.state); err != nil {
			return err
		}
	}
	if s.Stream != old.Stream {
		q.o.Log.Warn("the queue of a former version is erased: this device has another one since")
		return nil
	}
	if err := old.move(l, &s); err != nil {
		return err
	}
	q.o.Log.Info("the queue of a former version is taken over", "records", s.Unread)
	s.Next = max(s.Next, old.Next)
	return l.append(s.encode(), nil)
}

// openFormer opens the database and reads the journal. It may be that there is none.
func (q *Queue) openFormer(dir *statedir.Dir) (*formerQueue, error) {
	db, err := boltfile.Open(boltfile.Options{Dir: dir, Name: formerFile, Probe: q.o.Probe, Log: q.o.Log})
	if err != nil {
		return nil, formerError(err)
	}
	f := &formerQueue{close: db.Close, scan: func(bucket string, from []byte, visit func(k, v []byte) bool) error {
		return formerError(boltfile.Scan(db, bucket, from, visit))
	}}
	if err := f.readState(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if b, err := dir.ReadFile(formerJournal, maxSegment); err == nil {
		f.readJournal(b)
	}
	return f, nil
}

// formerError is errUseless where another try would find the same.
func formerError(err error) error {
	_, unsafe := errors.AsType[*statedir.UnsafeError](err)
	if unsafe || errors.Is(err, boltfile.ErrDamaged) || errors.Is(err, boltfile.ErrFormat) || errors.Is(err, syscall.EIO) {
		return errors.Join(errUseless, err)
	}
	return err
}
