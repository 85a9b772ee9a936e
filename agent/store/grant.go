package store

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
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

// An intent is the journal's entry for a refresh whose answer is not in yet.
type intent struct {
	Token string `json:"token"` // SHA-256 of the refresh token that was sent
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
	gen := newestGen(tx)
	if gen == 0 || f.aead == nil {
		return State{Gen: gen}, nil
	}
	rec, err := s.readRecord(f, tx, gen)
	if err != nil {
		return State{Gen: gen}, err
	}
	st := State{Grant: rec.grant, Gen: gen}
	if rec.grant == nil {
		return st, nil
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

// intends says whether a refresh of the record had begun. One that does not open counts: asking the
// server once too often is harmless.
func (s *Store) intends(f *files, tx *bolt.Tx, rec record) bool {
	b := tx.Bucket(journalBucket).Get(intentKey)
	if len(b) < 8 || binary.BigEndian.Uint64(b) != rec.gen {
		return false
	}
	plain, err := s.unseal(f, "journal", "intent", rec.gen, b[8:])
	if err != nil {
		return true
	}
	var in intent
	return json.Unmarshal(plain, &in) != nil || in.Token == tokenDigest(rec.grant)
}

func tokenDigest(g *Grant) string {
	sum := sha256.Sum256([]byte(g.RefreshToken))
	return hex.EncodeToString(sum[:])
}

// Intend commits to the journal that a refresh of generation gen begins. It comes before the
// request is sent.
func (s *Store) Intend(gen uint64) error {
	return s.do("journal", func(f *files) error {
		if err := s.unlock(f); err != nil {
			return err
		}
		return s.update(f, func(tx *bolt.Tx) error {
			current := newestGen(tx)
			if gen != current || gen == 0 || f.aead == nil {
				return fmt.Errorf("%w: refresh of generation %d, but the grant is generation %d", errCaller, gen, current)
			}
			rec, err := s.readRecord(f, tx, gen)
			if err != nil {
				return err
			}
			if rec.grant == nil {
				return fmt.Errorf("%w: refresh of a grant that was forgotten", errCaller)
			}
			plain, err := json.Marshal(intent{Token: tokenDigest(rec.grant)})
			if err != nil {
				return err
			}
			sealed := s.seal(f, "journal", "intent", gen, plain)
			return tx.Bucket(journalBucket).Put(intentKey, append(genKey(gen), sealed...))
		})
	})
}

// ClearIntent takes the intent back: the server answered, and gave no new grant.
func (s *Store) ClearIntent() error {
	return s.do("journal", func(f *files) error {
		var there bool
		err := f.db.View(func(tx *bolt.Tx) error {
			journal := tx.Bucket(journalBucket)
			there = journal != nil && journal.Get(intentKey) != nil
			return nil
		})
		if err != nil || !there {
			return err
		}
		return s.update(f, func(tx *bolt.Tx) error { return tx.Bucket(journalBucket).Delete(intentKey) })
	})
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

// put makes the next generation durable: slot, then tokens.db.
func (s *Store) put(f *files, g *Grant) (uint64, error) {
	if err := s.begin(f); err != nil {
		return 0, err
	}
	newest, err := f.newest()
	if err != nil {
		return 0, err
	}
	rec := record{newest + 1, g}
	slotErr := s.putSlot(f, rec)
	dbErr := s.update(f, func(tx *bolt.Tx) error { return s.putRecord(f, tx, rec) })
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

// putRecord writes a generation, drops all but the one before, and ends the intent.
func (s *Store) putRecord(f *files, tx *bolt.Tx, rec record) error {
	plain, err := json.Marshal(rec.grant)
	if err != nil {
		return err
	}
	grants := tx.Bucket(grantsBucket)
	if err := prune(grants, rec); err != nil {
		return err
	}
	if err := grants.Put(genKey(rec.gen), s.seal(f, "grants", "", rec.gen, plain)); err != nil {
		return err
	}
	return tx.Bucket(journalBucket).Delete(intentKey)
}

// prune drops the records that the new one leaves behind: all but the newest, and that too if the
// new one says that the grant is gone.
func prune(grants *bolt.Bucket, rec record) error {
	c := grants.Cursor()
	k, _ := c.Last()
	if rec.grant != nil && k != nil {
		k, _ = c.Prev()
	}
	var old [][]byte
	for ; k != nil; k, _ = c.Prev() {
		old = append(old, k)
	}
	for _, k := range old {
		if err := grants.Delete(k); err != nil {
			return err
		}
	}
	return nil
}
