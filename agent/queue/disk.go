package queue

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"runtime/debug"

	"github.com/paird/paird/agent/internal/boltfile"
	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

const schema = 1

var (
	bucketRecords = []byte("records")
	bucketMeta    = []byte("meta")
	keyState      = []byte("state")
)

var (
	errSchema = errors.New("written by a newer version of this program: it is left alone, update to use it")
	errState  = errors.New("its own description is damaged")
)

// state is what is kept beside the records. It is written with each transaction.
type state struct {
	Schema  int    `json:"schema"`
	Stream  string `json:"stream"`
	Next    uint64 `json:"next"` // no seq from here on was given away
	Lap     uint64 `json:"lap"`  // of the journal
	Dropped uint64 `json:"dropped"`
	Gaps    gaps   `json:"gaps,omitempty"`
	Owned   bool   `json:"owned"`
	Owner   string `json:"owner,omitempty"` // the account, if Owned; empty: unknown
}

// A brokenError means that the database can no longer be trusted and has to be opened anew.
type brokenError struct{ cause any }

func (e *brokenError) Error() string { return fmt.Sprintf("the database is damaged: %v", e.cause) }

// guard runs f, in which bbolt may panic or fault on a damaged file.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = &brokenError{p}
		}
	}()
	return f()
}

// A disk is the open database with its journal. Everything in it but reading is serialised by Queue.io.
type disk struct {
	db      *bolt.DB
	journal *journal // nil: cannot be had, the database does it alone
}

// A batch is one transaction.
type batch struct {
	state  state
	put    []*entry
	remove []uint64
	clear  bool // all records go first
}

func (d *disk) commit(b batch) error {
	return guard(func() error {
		return d.db.Update(func(tx *bolt.Tx) error {
			if b.clear {
				if err := tx.DeleteBucket(bucketRecords); err != nil && !errors.Is(err, bolterrors.ErrBucketNotFound) {
					return err
				}
			}
			records, err := tx.CreateBucketIfNotExists(bucketRecords)
			if err != nil {
				return err
			}
			return errors.Join(b.apply(records), b.state.write(tx))
		})
	})
}

func (b batch) apply(records *bolt.Bucket) error {
	for _, seq := range b.remove {
		if err := records.Delete(key(seq)); err != nil {
			return err
		}
	}
	records.FillPercent = 0.95 // keys only grow
	for _, e := range b.put {
		if err := records.Put(key(e.seq), e.encode()); err != nil {
			return err
		}
	}
	return nil
}

func (s state) write(tx *bolt.Tx) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	meta, err := tx.CreateBucketIfNotExists(bucketMeta)
	if err != nil {
		return err
	}
	sum := crc32.Checksum(text, crc32.MakeTable(crc32.Castagnoli))
	return meta.Put(keyState, append(binary.BigEndian.AppendUint32(nil, sum), text...))
}

// readState returns nil for a database that nothing was written to yet.
func readState(tx *bolt.Tx) (*state, error) {
	meta := tx.Bucket(bucketMeta)
	if meta == nil {
		if tx.Bucket(bucketRecords) != nil {
			return nil, errState
		}
		return nil, nil
	}
	b := meta.Get(keyState)
	if len(b) < 4 || binary.BigEndian.Uint32(b) != crc32.Checksum(b[4:], crc32.MakeTable(crc32.Castagnoli)) {
		return nil, errState
	}
	var s state
	if err := json.Unmarshal(b[4:], &s); err != nil {
		return nil, errState
	}
	if s.Schema > schema {
		return nil, errSchema
	}
	return &s, nil
}

// content is what a database holds.
type content struct {
	state    *state // nil: nothing
	messages int
	bytes    int64
	last     uint64 // seq
}

// scan counts all records but those to skip.
func (d *disk) scan(skip func(seq uint64) bool) (c content, err error) {
	err = guard(func() error {
		return d.db.View(func(tx *bolt.Tx) error {
			if c.state, err = readState(tx); err != nil || c.state == nil {
				return err
			}
			records := tx.Bucket(bucketRecords)
			if records == nil {
				return errState
			}
			return records.ForEach(func(k, v []byte) error {
				if len(k) != 8 {
					return errState
				}
				if c.last = binary.BigEndian.Uint64(k); !skip(c.last) {
					c.messages++
					c.bytes += int64(sizeOf(v))
				}
				return nil
			})
		})
	})
	return c, err
}

// A found record is one read back; err tells that it is damaged, and then there is only its seq and size.
type found struct {
	record
	size int
	err  error
}

const (
	aheadRecords = 256
	aheadBytes   = 256 << 10
)

// load reads some records, beginning at seq from.
func (d *disk) load(from uint64) (ahead []found, err error) {
	err = guard(func() error {
		return d.db.View(func(tx *bolt.Tx) error {
			c, bytes := tx.Bucket(bucketRecords).Cursor(), 0
			for k, v := c.Seek(key(from)); k != nil && len(ahead) < aheadRecords && bytes < aheadBytes; k, v = c.Next() {
				seq := binary.BigEndian.Uint64(k)
				r, err := decode(seq, v)
				r.seq = seq
				ahead = append(ahead, found{record: r, size: sizeOf(v), err: err})
				bytes += len(v)
			}
			return nil
		})
	})
	return ahead, err
}

// mayGrow lets the file grow up to max bytes, or not at all.
func (d *disk) mayGrow(may bool, max int) error {
	if d.db.MaxSize = max; may {
		return nil
	}
	info, err := os.Stat(d.db.Path())
	if err != nil {
		return err
	}
	// bbolt adds AllocSize to what it needs before it compares (v1.5.0, DB.allocate).
	d.db.MaxSize = int(info.Size()) + d.db.AllocSize
	return nil
}

// close leaves the mark of a clean stop, unless the database is suspect.
func (d *disk) close(suspect bool, tap boltfile.Disk) error {
	var err error
	if d.journal != nil {
		err = d.journal.file.Close()
	}
	return errors.Join(err, guard(func() error {
		if suspect {
			return d.db.Close()
		}
		return boltfile.Close(d.db, tap)
	}))
}
