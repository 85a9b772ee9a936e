// Package former reads the queue as it was before the log of segments: a database, and a journal of what was not in it yet.
//
// former.go opens them; record.go reads the records.
package former

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"syscall"

	"github.com/paird/paird/agent/internal/boltfile"
	"github.com/paird/paird/agent/internal/statedir"
	"go.etcd.io/bbolt"
)

// The files.
const (
	Database = "queue.db"
	Journal  = "queue.log"
)

const (
	batch        = 256 << 10 // bytes of records that are read at once
	journalLimit = 64 << 20  // bytes
)

// ErrUseless: another try would find the same.
var ErrUseless = errors.New("the queue of a former version cannot be read")

// A Queue is an open one.
type Queue struct {
	db      *bbolt.DB
	state   []byte   // JSON; nil if nothing was written
	head    header   // of the state
	journal []Record // ascending
}

// header is what of the state says which part of the journal counts.
type header struct {
	Stream string `json:"stream"`
	Lap    uint64 `json:"lap"`
}

// Open opens the database Database of o.Dir and reads the journal. It may be that there is none.
func Open(o boltfile.Options) (*Queue, error) {
	o.Name = Database
	db, err := boltfile.Open(o)
	if err != nil {
		return nil, useless(err)
	}
	q := &Queue{db: db}
	if err := q.readState(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if b, err := o.Dir.ReadFile(Journal, journalLimit); err == nil {
		q.readJournal(b)
	}
	return q, nil
}

// Close closes the database.
func (q *Queue) Close() error { return q.db.Close() }

// useless adds ErrUseless where it holds.
func useless(err error) error {
	_, unsafe := errors.AsType[*statedir.UnsafeError](err)
	if unsafe || errors.Is(err, boltfile.ErrDamaged) || errors.Is(err, boltfile.ErrFormat) || errors.Is(err, syscall.EIO) {
		return errors.Join(ErrUseless, err)
	}
	return err
}

func (q *Queue) readState() error {
	var text []byte
	err := q.scan("meta", []byte("state"), func(_, v []byte) bool {
		text = append([]byte{}, v...)
		return false
	})
	if err != nil || text == nil {
		return err
	}
	if len(text) <= 4 || binary.BigEndian.Uint32(text) != crc32.Checksum(text[4:], castagnoli) || json.Unmarshal(text[4:], &q.head) != nil {
		return fmt.Errorf("%w: its state is damaged", ErrUseless)
	}
	q.state = text[4:]
	return nil
}

// State reads the state into s, whose fields have the names of the queue's state of today. It leaves s as it is for a
// database that nothing was written to.
func (q *Queue) State(s any) error {
	if q.state == nil {
		return nil
	}
	if err := json.Unmarshal(q.state, s); err != nil {
		return fmt.Errorf("%w: its state is damaged", ErrUseless)
	}
	return nil
}

// Records returns some records from seq on, in order; none: there are no more.
func (q *Queue) Records(seq uint64) (found []Record, err error) {
	size := 0
	err = q.scan("records", binary.BigEndian.AppendUint64(nil, seq), func(k, v []byte) bool {
		if len(k) == 8 {
			found = append(found, parse(binary.BigEndian.Uint64(k), v))
		}
		size += len(v)
		return size < batch
	})
	if err != nil || len(found) > 0 {
		return found, err
	}
	for _, r := range q.journal {
		if r.Seq >= seq {
			found = append(found, r)
		}
	}
	return found, nil
}

// scan calls visit for each value of a bucket from the key on, until it returns false. What visit gets is not compared
// with any checksum, and gone when it returns.
func (q *Queue) scan(bucket string, from []byte, visit func(k, v []byte) bool) error {
	return useless(boltfile.Guard(func() error {
		return q.db.View(func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte(bucket))
			if b == nil {
				return nil
			}
			c := b.Cursor()
			for k, v := c.Seek(from); k != nil && visit(k, v); k, v = c.Next() {
			}
			return nil
		})
	}))
}

// Owns reports whether such a file is of a former queue: it, its journal, and those set aside or half made.
func Owns(file string) bool {
	return slices.ContainsFunc([]string{Database, Journal}, func(name string) bool {
		_, aside := statedir.AsideNumber(file, name)
		return aside || file == name || file == name+".new" || file == name+".compact"
	})
}
