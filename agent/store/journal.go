package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/paird/paird/agent/internal/boltfile"
	bolt "go.etcd.io/bbolt"
)

// The intent says that a refresh of a generation has begun. It is one block at the end of the older
// slot, which the new grant is going to overwrite: one write and one flush. Its layout:
//
//	0  "PAIRDINT"
//	8  generation, uint64, big-endian
//	16 sealed SHA-256 of the refresh token that is sent
//
// Where the slot will not be written it goes to tokens.db, without the first 8 bytes. One that does
// not open is none: it was torn, and so the request was not sent.
const (
	journalAt    = 12 << 10
	journalMagic = "PAIRDINT"
	journalSize  = 8 + 8 + 12 + sha256.Size + 16 // with nonce and tag of AES-GCM
)

func tokenDigest(g *Grant) []byte {
	sum := sha256.Sum256([]byte(g.RefreshToken))
	return sum[:]
}

// Intend commits to the journal that a refresh of generation gen begins. It comes before the
// request is sent.
func (s *Store) Intend(gen uint64) error {
	return s.do("journal", func(f *files) error {
		if err := s.unlock(f); err != nil {
			return err
		}
		entry, err := s.entry(f, gen)
		if err != nil {
			return err
		}
		slotErr := f.nextSlot().writeJournal(s.o.Disk, append([]byte(journalMagic), entry...))
		if slotErr == nil {
			return nil
		}
		err = s.update(f, func(tx *bolt.Tx) error { return tx.Bucket(journalBucket).Put(intentKey, entry) })
		if err != nil {
			return errors.Join(err, slotErr)
		}
		s.degrade(slotErr)
		return nil
	})
}

// entry is the generation and the sealed digest of its refresh token.
func (s *Store) entry(f *files, gen uint64) ([]byte, error) {
	if f.aead == nil {
		return nil, fmt.Errorf("%w: refresh of generation %d, but there is no grant", errCaller, gen)
	}
	rec, err := s.newestRecord(f)
	switch {
	case err != nil:
		return nil, err
	case gen != rec.gen || rec.grant == nil:
		return nil, fmt.Errorf("%w: refresh of generation %d, but the grant is generation %d (there: %t)", errCaller, gen, rec.gen, rec.grant != nil)
	}
	return append(genKey(gen), s.seal(f, "journal", "intent", gen, tokenDigest(rec.grant))...), nil
}

// intends says whether a refresh of the record had begun.
func (s *Store) intends(f *files, tx *bolt.Tx, rec record) bool {
	return s.isIntent(f, rec, tx.Bucket(journalBucket).Get(intentKey)) ||
		s.isIntent(f, rec, f.slots[0].intent()) || s.isIntent(f, rec, f.slots[1].intent())
}

func (s *Store) isIntent(f *files, rec record, entry []byte) bool {
	if len(entry) < 8 || binary.BigEndian.Uint64(entry) != rec.gen {
		return false
	}
	sum, err := s.unseal(f, "journal", "intent", rec.gen, entry[8:])
	return err == nil && bytes.Equal(sum, tokenDigest(rec.grant))
}

// ClearIntent takes the intent back: the server answered, and gave no new grant.
func (s *Store) ClearIntent() error {
	return s.do("journal", func(f *files) error {
		for i := range f.slots {
			if sl := &f.slots[i]; sl.intent() != nil {
				if err := sl.writeJournal(s.o.Disk, make([]byte, journalSize)); err != nil {
					return err
				}
			}
		}
		return s.clear(f, journalBucket, intentKey)
	})
}

// clear deletes a key of tokens.db, and writes only if it is there.
func (s *Store) clear(f *files, bucket, key []byte) error {
	var there bool
	err := f.db.View(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucket)
		there = b != nil && b.Get(key) != nil
		return nil
	})
	if err != nil || !there {
		return err
	}
	return s.update(f, func(tx *bolt.Tx) error { return tx.Bucket(bucket).Delete(key) })
}

// intent is the entry in the slot's journal, nil if there is none.
func (sl *slot) intent() []byte {
	entry, ok := bytes.CutPrefix(sl.journal, []byte(journalMagic))
	if !ok {
		return nil
	}
	return entry
}

// writeJournal makes the block durable.
func (sl *slot) writeJournal(d boltfile.Disk, block []byte) error {
	sl.journal = nil
	if err := sl.writeAt(d, block, journalAt); err != nil {
		return err
	}
	sl.journal = block
	return nil
}
