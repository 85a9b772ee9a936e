package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"

	"github.com/paird/paird/agent/internal/boltfile"
	bolt "go.etcd.io/bbolt"
)

// The schema of tokens.db and the slots. A store says which version wrote it and the oldest that may
// use it. Version N opens what N-1 wrote and marks it as its own with its first commit; from then on N-1
// leaves it untouched. Version 1 did not know of an answer, nor of endpoints other than the token
// endpoint: it would write a grant back without them, so it may not use version 2.
//
//	meta    schema -> schema, see there; ring -> ring as JSON; sum -> checksum of all the rest
//	grants  generation (uint64, big-endian) -> sealed Grant, or sealed null where it was forgotten
//	journal intent -> generation and sealed digest, where the slot's journal cannot be written
//	device  key -> sealed PKCS#8; pending -> sealed bytes; answer -> sealed Grant; floor -> seconds since 1970, int64, big-endian
const (
	schemaVersion = 2
	schemaCompat  = 2
)

var (
	metaBucket    = []byte("meta")
	grantsBucket  = []byte("grants")
	journalBucket = []byte("journal")
	deviceBucket  = []byte("device")

	schemaKey  = []byte("schema")
	ringKey    = []byte("ring")
	sumKey     = []byte("sum")
	intentKey  = []byte("intent")
	deviceKey  = []byte("key")
	pendingKey = []byte("pending")
	answerKey  = []byte("answer")
	floorKey   = []byte("floor")
)

// A schema is kept as 4 bytes and their CRC-32: a flipped bit must not make a store look newer. It is
// read before the checksum of the file, which a newer version may compute in another way.
type schema struct{ version, compat uint16 }

func (sc schema) encode() []byte {
	b := binary.BigEndian.AppendUint16(nil, sc.version)
	b = binary.BigEndian.AppendUint16(b, sc.compat)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

// decodeSchema returns the zero schema for a damaged one.
func decodeSchema(b []byte) schema {
	if len(b) != 8 || crc32.ChecksumIEEE(b[:4]) != binary.BigEndian.Uint32(b[4:]) {
		return schema{}
	}
	return schema{binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])}
}

// errDamaged: tokens.db does not hold what was written.
var errDamaged = boltfile.ErrDamaged

// checkSum returns errDamaged unless the file holds what the last commit put there. bbolt has no
// checksums for data: a flipped bit, or pages that do not belong together, would go unnoticed.
func checkSum(tx *bolt.Tx) error {
	sum, err := contentSum(tx)
	if err != nil {
		return err
	}
	if sum == nil { // a new file
		return nil
	}
	meta := tx.Bucket(metaBucket)
	if meta == nil || !bytes.Equal(meta.Get(sumKey), sum) {
		return fmt.Errorf("%w: wrong checksum", errDamaged)
	}
	return nil
}

// contentSum is the SHA-256 of all names, keys and values but its own; nil if there are none.
func contentSum(tx *bolt.Tx) ([]byte, error) {
	h := sha256.New()
	empty := true
	err := tx.ForEach(func(name []byte, b *bolt.Bucket) error {
		empty = false
		fmt.Fprintf(h, "%q\n", name)
		return b.ForEach(func(k, v []byte) error {
			if v == nil {
				return fmt.Errorf("%w: a bucket in %q", errDamaged, name)
			}
			if !bytes.Equal(k, sumKey) {
				fmt.Fprintf(h, "%x=%x\n", k, v)
			}
			return nil
		})
	})
	if err != nil || empty {
		return nil, err
	}
	return h.Sum(nil), nil
}

// readMeta returns the ring, nil if nothing has been sealed in this file; or errDamaged, or
// ErrNewerSchema.
func readMeta(tx *bolt.Tx) (*ring, error) {
	var sc schema
	meta := tx.Bucket(metaBucket)
	if meta != nil {
		sc = decodeSchema(meta.Get(schemaKey))
	}
	if sc.compat > schemaVersion {
		return nil, ErrNewerSchema
	}
	if err := checkSum(tx); err != nil || meta == nil {
		return nil, err
	}
	b := meta.Get(ringKey)
	if b == nil {
		return nil, nil
	}
	var r ring
	return &r, json.Unmarshal(b, &r)
}

// writeMeta makes the buckets, and puts the schema of a new file or an older one, and the ring.
func writeMeta(tx *bolt.Tx, r *ring) error {
	for _, name := range [][]byte{metaBucket, grantsBucket, journalBucket, deviceBucket} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	meta := tx.Bucket(metaBucket)
	if decodeSchema(meta.Get(schemaKey)).version < schemaVersion {
		if err := meta.Put(schemaKey, schema{schemaVersion, schemaCompat}.encode()); err != nil {
			return err
		}
	}
	if r == nil {
		return nil
	}
	data, err := json.Marshal(r)
	if err != nil || bytes.Equal(data, meta.Get(ringKey)) {
		return err
	}
	return meta.Put(ringKey, data)
}

func genKey(gen uint64) []byte { return binary.BigEndian.AppendUint64(nil, gen) }
