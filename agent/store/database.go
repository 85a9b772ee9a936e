package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/paird/paird/agent/internal/boltfile"
	"github.com/paird/paird/agent/internal/statedir"
	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// A database is tokens.db.
type database struct {
	bolt *bolt.DB
	dir  *statedir.Dir
	info fs.FileInfo // to see whether it is still there
	ring *ring       // nil: nothing has been sealed in it
}

// openDatabase opens or creates tokens.db and checks all it holds. The error is errDamaged where that is not
// what was written, ErrNewerSchema, ErrLocked, or that of the disk.
func openDatabase(o Options, dir *statedir.Dir) (*database, error) {
	b, err := boltfile.Open(boltfile.Options{
		Dir: dir, Name: dbName, Allocate: dbAllocated, Probe: o.Probe, Log: o.Log, Opened: o.Opened,
	})
	switch {
	case errors.Is(err, boltfile.ErrFormat):
		return nil, ErrNewerSchema
	case errors.Is(err, berrors.ErrTimeout):
		return nil, ErrLocked
	case err != nil:
		return nil, err
	}
	db := &database{bolt: b, dir: dir}
	if db.info, err = dir.Lstat(dbName); err == nil {
		err = boltfile.Guard(func() error { return b.View(db.readMeta) })
	}
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return db, nil
}

func (db *database) readMeta(tx *bolt.Tx) (err error) {
	db.ring, err = readMeta(tx)
	return err
}

// current reports whether the name is still that of the file that is open.
func (db *database) current() bool {
	now, err := db.dir.Lstat(dbName)
	return err == nil && os.SameFile(now, db.info)
}

// view reads, update commits: with the schema, the ring and the checksum of everything.
func (db *database) view(s *sealer, f func(table) error) error {
	return db.bolt.View(func(tx *bolt.Tx) error { return f(table{tx, s}) })
}

func (db *database) update(r *ring, s *sealer, change func(table) error) error {
	err := db.bolt.Update(func(tx *bolt.Tx) error {
		if err := writeMeta(tx, r); err != nil {
			return err
		}
		if err := change(table{tx, s}); err != nil {
			return err
		}
		sum, err := contentSum(tx)
		if err != nil {
			return err
		}
		return tx.Bucket(metaBucket).Put(sumKey, sum)
	})
	if err == nil {
		db.ring = r
	}
	return err
}

// A table is the content of tokens.db in one transaction. A file that is new has no buckets yet.
type table struct {
	tx   *bolt.Tx
	seal *sealer
}

func (t table) get(bucket, key []byte) []byte {
	b := t.tx.Bucket(bucket)
	if b == nil {
		return nil
	}
	return b.Get(key)
}

func (t table) put(bucket, key, value []byte) error { return t.tx.Bucket(bucket).Put(key, value) }

func (t table) remove(bucket, key []byte) error { return t.tx.Bucket(bucket).Delete(key) }

// generations lists those that are kept, ascending.
func (t table) generations() (gens []uint64) {
	b := t.tx.Bucket(grantsBucket)
	if b == nil {
		return nil
	}
	c := b.Cursor()
	for k, _ := c.First(); len(k) == 8; k, _ = c.Next() {
		gens = append(gens, binary.BigEndian.Uint64(k))
	}
	return gens
}

// record opens a generation; errDamaged if it does not open.
func (t table) record(gen uint64) (record, error) {
	rec := record{gen: gen}
	plain, err := t.seal.open(grantLocation(gen), t.get(grantsBucket, genKey(gen)))
	if err != nil {
		return rec, err
	}
	if err := json.Unmarshal(plain, &rec.grant); err != nil {
		return rec, fmt.Errorf("%w: grant: %w", errDamaged, err)
	}
	return rec, nil
}

// newest opens the newest record; the zero record if there is none.
func (t table) newest() (record, error) {
	gens := t.generations()
	if len(gens) == 0 {
		return record{}, nil
	}
	return t.record(gens[len(gens)-1])
}

// previous is the grant one generation back, nil if it is not kept or does not open.
func (t table) previous() *Grant {
	gens := t.generations()
	if len(gens) < 2 {
		return nil
	}
	rec, err := t.record(gens[len(gens)-2])
	if err != nil {
		return nil
	}
	return rec.grant
}

// putRecord writes a generation, cuts the one before down to its essence, drops the rest, and ends the
// intent and the answer that the grant was made of.
func (t table) putRecord(rec record) error {
	before, err := t.newest()
	if err != nil {
		return err
	}
	for _, gen := range t.generations() {
		if err := t.remove(grantsBucket, genKey(gen)); err != nil {
			return err
		}
	}
	if before.grant != nil && rec.grant != nil {
		if err := t.putGrant(before.gen, essence(before.grant)); err != nil {
			return err
		}
	}
	if err := t.putGrant(rec.gen, rec.grant); err != nil {
		return err
	}
	if err := t.endAnswer(rec); err != nil {
		return err
	}
	return t.remove(journalBucket, intentKey)
}

func (t table) putGrant(gen uint64, g *Grant) error {
	plain, err := json.Marshal(g)
	if err != nil {
		return err
	}
	return t.put(grantsBucket, genKey(gen), t.seal.seal(grantLocation(gen), plain))
}

// intends reports whether tokens.db says that a refresh of the record has begun.
func (t table) intends(rec record) bool {
	return isIntent(t.seal, rec, t.get(journalBucket, intentKey))
}

// value opens a value of the device, nil if there is none.
func (t table) value(key []byte) ([]byte, error) {
	sealed := t.get(deviceBucket, key)
	if sealed == nil {
		return nil, nil
	}
	return t.seal.open(deviceLocation(key), sealed)
}

func (t table) putValue(key, plain []byte) error {
	return t.put(deviceBucket, key, t.seal.seal(deviceLocation(key), plain))
}

// answer opens the pending answer of a pairing.
func (t table) answer() (g Grant, ok bool, err error) {
	plain, err := t.value(answerKey)
	if err != nil || plain == nil {
		return g, false, err
	}
	if err := json.Unmarshal(plain, &g); err != nil {
		return g, false, fmt.Errorf("%w: answer: %w", errDamaged, err)
	}
	return g, true, nil
}

// endAnswer erases the answer that the record was made of. A refresh of the grant before, while the
// answer is still being verified, leaves it.
func (t table) endAnswer(rec record) error {
	answer, ok, err := t.answer()
	if err != nil || !ok || rec.grant == nil || rec.grant.Pairing != answer.Pairing {
		return err
	}
	return t.remove(deviceBucket, answerKey)
}

func (t table) floor() time.Time {
	b := t.get(deviceBucket, floorKey)
	if len(b) != 8 {
		return time.Time{}
	}
	return time.Unix(int64(binary.BigEndian.Uint64(b)), 0).UTC()
}

func (t table) putFloor(at time.Time) error {
	return t.put(deviceBucket, floorKey, binary.BigEndian.AppendUint64(nil, uint64(at.Unix())))
}
