package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// A record is one generation of the grant.
type record struct {
	gen   uint64
	grant *Grant // nil: forgotten
}

// Load returns what the store knows. A *SealError says that a grant is there and cannot be opened;
// it is kept, and Load may be called again.
func (s *Store) Load() (State, error) {
	var st State
	err := s.do("load", func(f *files) error {
		if err := s.unlock(f); err != nil {
			return err
		}
		return f.db.View(func(tx *bolt.Tx) (err error) {
			st, err = s.state(f, tx)
			return err
		})
	})
	return st, err
}

func (s *Store) state(f *files, tx *bolt.Tx) (State, error) {
	if f.aead == nil {
		return State{}, nil
	}
	rec, err := s.newestIn(f, tx)
	st := State{Grant: rec.grant, Gen: rec.gen}
	if err != nil || rec.grant == nil {
		return st, err
	}
	st.Intent = s.intends(f, tx, rec)
	c := tx.Bucket(grantsBucket).Cursor()
	c.Last()
	if k, _ := c.Prev(); len(k) == 8 {
		if prev, err := s.readRecord(f, tx, binary.BigEndian.Uint64(k)); err == nil {
			st.Previous = prev.grant
		}
	}
	return st, nil
}

// readRecord opens the record of a generation; errDamaged if it does not open.
func (s *Store) readRecord(f *files, tx *bolt.Tx, gen uint64) (record, error) {
	rec := record{gen: gen}
	plain, err := s.unseal(f, "grants", "", gen, tx.Bucket(grantsBucket).Get(genKey(gen)))
	if err != nil {
		return rec, err
	}
	if err := json.Unmarshal(plain, &rec.grant); err != nil {
		return rec, fmt.Errorf("%w: grant: %w", errDamaged, err)
	}
	return rec, nil
}

// Save makes a grant durable and returns its generation. It returns no error once the grant is on
// the disk in one place at least, a slot or tokens.db; if the other failed, Health says so. The
// generation before is kept, and an intent is over.
func (s *Store) Save(g Grant) (gen uint64, err error) {
	err = s.do("save", func(f *files) error {
		gen, err = s.put(f, &g)
		return err
	})
	if err != nil {
		return 0, err
	}
	return gen, nil
}

// Forget makes durable that the grant is gone; an intent is over. What it opened is dropped but for the
// older slot, which the next Save overwrites.
func (s *Store) Forget() error {
	return s.do("forget", func(f *files) error {
		_, err := s.put(f, nil)
		return err
	})
}

// put makes the next generation durable: slot, then tokens.db. A tokens.db that is behind and cannot be
// brought level gets nothing newer, or what it lacks would be forgotten.
func (s *Store) put(f *files, g *Grant) (uint64, error) {
	if err := s.begin(f); err != nil {
		return 0, err
	}
	dbErr := s.unlock(f)
	newest, err := f.newest()
	if err != nil {
		return 0, err
	}
	rec := record{newest + 1, g}
	slotErr := s.putSlot(f, rec)
	if dbErr == nil {
		dbErr = s.update(f, func(tx *bolt.Tx) error { return s.putRecord(f, tx, rec) })
	}
	switch {
	case slotErr != nil && dbErr != nil:
		return 0, errors.Join(dbErr, slotErr)
	case dbErr != nil:
		s.unsaved = &rec
		s.degrade(dbErr)
		s.abandon()
		return rec.gen, nil
	case slotErr != nil:
		s.degrade(slotErr)
	default:
		s.degraded = nil
	}
	s.unsaved, f.whole = nil, slotErr == nil
	return rec.gen, nil
}

// putRecord writes a generation, cuts the one before down to its essence, drops the rest, and ends the
// intent.
func (s *Store) putRecord(f *files, tx *bolt.Tx, rec record) error {
	before, err := s.newestIn(f, tx)
	if err != nil {
		return err
	}
	if err := empty(tx.Bucket(grantsBucket)); err != nil {
		return err
	}
	if before.grant != nil && rec.grant != nil {
		if err := s.putGrant(f, tx, record{before.gen, essence(before.grant)}); err != nil {
			return err
		}
	}
	if err := s.putGrant(f, tx, rec); err != nil {
		return err
	}
	if err := s.endAnswer(f, tx, rec); err != nil {
		return err
	}
	return tx.Bucket(journalBucket).Delete(intentKey)
}

func (s *Store) putGrant(f *files, tx *bolt.Tx, rec record) error {
	plain, err := json.Marshal(rec.grant)
	if err != nil {
		return err
	}
	return tx.Bucket(grantsBucket).Put(genKey(rec.gen), s.seal(f, "grants", "", rec.gen, plain))
}

// empty deletes all keys of the bucket.
func empty(b *bolt.Bucket) error {
	for k, _ := b.Cursor().First(); k != nil; k, _ = b.Cursor().First() {
		if err := b.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

// newestIn opens the newest record of tokens.db; the zero record if there is none.
func (s *Store) newestIn(f *files, tx *bolt.Tx) (record, error) {
	gen := newestGen(tx)
	if gen == 0 {
		return record{}, nil
	}
	return s.readRecord(f, tx, gen)
}
