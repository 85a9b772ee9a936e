package store

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// The schema of tokens.db and the slots. A store says which version wrote it and the oldest that may
// use it. A paird of version N writes what N-1 can still use, so that an update can be taken back:
// schemaCompat is schemaVersion-1 at most, but for the first.
//
//	meta    schema -> schema as JSON; ring -> ring as JSON
//	grants  generation (uint64, big-endian) -> sealed Grant, or sealed null where it was forgotten
//	journal intent -> generation and sealed digest, where the slot's journal would not be written
//	device  key -> sealed PKCS#8; pending -> sealed bytes; floor -> seconds since 1970, int64, big-endian
const (
	schemaVersion = 1
	schemaCompat  = 1
)

var (
	metaBucket    = []byte("meta")
	grantsBucket  = []byte("grants")
	journalBucket = []byte("journal")
	deviceBucket  = []byte("device")

	schemaKey  = []byte("schema")
	ringKey    = []byte("ring")
	intentKey  = []byte("intent")
	deviceKey  = []byte("key")
	pendingKey = []byte("pending")
	floorKey   = []byte("floor")
)

type schema struct {
	Version uint16 `json:"version"`
	Compat  uint16 `json:"compat"`
}

// errDamaged: a record of tokens.db is not what was written. bbolt has no checksums for values, so this
// is where a flipped bit shows.
var errDamaged = errors.New("a record is damaged")

// checkShape returns errDamaged for what no commit of ours looks like: a disk that loses flushes can
// leave a tree that is sound and made of pages that do not belong together.
func checkShape(tx *bolt.Tx) error {
	return tx.ForEach(func(name []byte, b *bolt.Bucket) error {
		return b.ForEach(func(k, v []byte) error {
			if v == nil || bytes.Equal(name, grantsBucket) && len(k) != 8 {
				return fmt.Errorf("%w: %s", errDamaged, name)
			}
			return nil
		})
	})
}

// readMeta returns the ring, nil if nothing has been sealed in this file; or errDamaged, or
// ErrNewerSchema.
func readMeta(tx *bolt.Tx) (*ring, error) {
	if err := checkShape(tx); err != nil {
		return nil, err
	}
	meta := tx.Bucket(metaBucket)
	if meta == nil {
		return nil, nil
	}
	var sc schema
	if err := json.Unmarshal(meta.Get(schemaKey), &sc); err != nil {
		return nil, fmt.Errorf("%w: schema: %w", errDamaged, err)
	}
	if sc.Compat > schemaVersion {
		return nil, ErrNewerSchema
	}
	b := meta.Get(ringKey)
	if b == nil {
		return nil, nil
	}
	var r ring
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("%w: ring: %w", errDamaged, err)
	}
	return &r, nil
}

// writeMeta makes the buckets, the schema of a new file, and the ring if there is none.
func writeMeta(tx *bolt.Tx, r *ring) error {
	for _, name := range [][]byte{metaBucket, grantsBucket, journalBucket, deviceBucket} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	meta := tx.Bucket(metaBucket)
	if meta.Get(schemaKey) == nil {
		if err := putJSON(meta, schemaKey, schema{schemaVersion, schemaCompat}); err != nil {
			return err
		}
	}
	if r == nil || meta.Get(ringKey) != nil {
		return nil
	}
	return putJSON(meta, ringKey, r)
}

func putJSON(b *bolt.Bucket, key []byte, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return b.Put(key, data)
}

func genKey(gen uint64) []byte { return binary.BigEndian.AppendUint64(nil, gen) }

// newestGen is the generation of the newest record of tokens.db, 0 if there is none.
func newestGen(tx *bolt.Tx) uint64 {
	grants := tx.Bucket(grantsBucket)
	if grants == nil {
		return 0
	}
	k, _ := grants.Cursor().Last()
	if k == nil {
		return 0
	}
	return binary.BigEndian.Uint64(k)
}
