package queue

import (
	"errors"
	"os"

	"github.com/paird/paird/agent/internal/boltfile"
	bolt "go.etcd.io/bbolt"
)

// loose says whether the file is mostly empty: bbolt never makes one smaller, and a large one costs time
// and memory at each start.
func (q *Queue) loose(d *disk, c content) bool {
	info, err := os.Stat(d.db.Path())
	return err == nil && info.Size() > q.o.slack+3*(c.bytes+int64(c.messages)*entryCost)
}

// compact puts a copy without the empty pages in place of the file, whole or not at all, and opens it. If
// there is no room for a copy the file stays as it is.
func (q *Queue) compact(d *disk, o boltfile.Options) (*disk, error) {
	if err := copyTo(o, q.path+".compact", d.db); err != nil {
		q.o.Log.Warn("the queue's file stays larger than it need be", "err", err)
		return d, o.Disk.Remove(q.path + ".compact")
	}
	if err := d.close(true, o.Disk); err != nil {
		return nil, err
	}
	if err := o.Disk.Rename(q.path+".compact", q.path); err != nil {
		return nil, err
	}
	if err := o.Disk.SyncDir(q.o.Dir); err != nil {
		return nil, err
	}
	db, _, err := boltfile.Open(o)
	if err != nil {
		return nil, err
	}
	return &disk{db: db}, nil
}

func copyTo(o boltfile.Options, path string, src *bolt.DB) error {
	if err := o.Disk.Remove(path); err != nil {
		return err
	}
	o.Path = path
	dst, _, err := boltfile.Open(o)
	if err != nil {
		return err
	}
	err = guard(func() error { return bolt.Compact(dst, src, spillBytes) })
	if err != nil {
		return errors.Join(err, dst.Close())
	}
	return boltfile.Close(dst, o.Disk)
}
