package store

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Load returns what the store knows. A *SealError says that a grant is there and cannot be opened;
// it is kept, and Load may be called again.
func (s *Store) Load() (st State, err error) {
	err = s.do("load", func(c *copies) error {
		if err := c.unlock(); err != nil || c.seal == nil {
			return err
		}
		st, err = c.state()
		return err
	})
	return st, err
}

func (c *copies) state() (State, error) {
	if c.db == nil {
		rec := c.newestSlot()
		return State{Grant: rec.grant, Gen: rec.gen, Intent: c.slots.intends(c.seal, rec)}, nil
	}
	var st State
	err := c.view(func(t table) error {
		rec, err := t.newest()
		st = State{Grant: rec.grant, Gen: rec.gen}
		if err != nil || rec.grant == nil {
			return err
		}
		st.Intent, st.Previous = t.intends(rec) || c.slots.intends(c.seal, rec), t.previous()
		return nil
	})
	return st, err
}

// Save makes a grant durable and returns its generation. It returns no error once the grant is on
// the disk in one place at least, a slot or tokens.db; if the other failed, Health says so. The
// generation before is kept, and an intent is over.
func (s *Store) Save(g Grant) (gen uint64, err error) {
	err = s.do("save", func(c *copies) error {
		gen, err = c.put(&g)
		return err
	})
	if err != nil {
		return 0, err
	}
	return gen, nil
}

// Forget makes durable that the grant is gone; an intent is over. The grants are erased except in the older
// slot, which the next Save overwrites. An answer stays.
func (s *Store) Forget() error {
	return s.do("forget", func(c *copies) error {
		_, err := c.put(nil)
		return err
	})
}

// Intend commits to the journal that a refresh of generation gen begins. It comes before the
// request is sent.
func (s *Store) Intend(gen uint64) error {
	return s.do("journal", func(c *copies) error {
		if err := c.unlock(); err != nil {
			return err
		}
		rec, err := c.refreshable(gen)
		if err != nil {
			return err
		}
		entry := intentEntry(c.seal, rec)
		slotErr := c.slots.writeJournal(c.slots.next(), encodeJournal(entry))
		if slotErr == nil {
			return nil
		}
		if err := c.update(func(t table) error { return t.put(journalBucket, intentKey, entry) }); err != nil {
			return errors.Join(err, slotErr)
		}
		c.degrade(slotErr)
		return nil
	})
}

// refreshable returns the newest record, if it is a grant of that generation.
func (c *copies) refreshable(gen uint64) (record, error) {
	if c.seal == nil {
		return record{}, fmt.Errorf("%w: refresh of generation %d, but there is no grant", errCaller, gen)
	}
	rec, err := c.newest()
	if err == nil && (gen != rec.gen || rec.grant == nil) {
		err = fmt.Errorf("%w: refresh of generation %d, but the grant is generation %d (there: %t)", errCaller, gen, rec.gen, rec.grant != nil)
	}
	return rec, err
}

// ClearIntent takes the intent back: the server answered, and gave no new grant.
func (s *Store) ClearIntent() error {
	return s.do("journal", func(c *copies) error {
		return errors.Join(c.slots.clearJournal(), c.clear(journalBucket, intentKey))
	})
}

// clear deletes a key of tokens.db, and writes only if it is there.
func (c *copies) clear(bucket, key []byte) error {
	var there bool
	err := c.view(func(t table) error {
		there = t.get(bucket, key) != nil
		return nil
	})
	if err != nil || !there {
		return err
	}
	return c.update(func(t table) error { return t.remove(bucket, key) })
}

// SaveAnswer makes the token endpoint's answer to a pairing durable before anything else of it is
// checked: a rotated or single-use token must not wait in memory for the issuer's keys. It replaces an
// earlier answer and leaves the grant as it is. The Save of a grant of the same pairing erases it in the
// same commit. It is kept in tokens.db alone: a slot holds grants.
func (s *Store) SaveAnswer(g Grant) error {
	return s.do("save answer", func(c *copies) error {
		if err := errors.Join(c.begin(), c.unlock()); err != nil {
			return err
		}
		plain, err := json.Marshal(g)
		if err != nil {
			return err
		}
		return c.update(func(t table) error { return t.putValue(answerKey, plain) })
	})
}

// Answer returns what SaveAnswer kept and no Save or DropAnswer has ended; false: nothing.
func (s *Store) Answer() (g Grant, ok bool, err error) {
	err = s.do("load answer", func(c *copies) error {
		if err := c.unlock(); err != nil || c.seal == nil {
			return err
		}
		return c.view(func(t table) error {
			g, ok, err = t.answer()
			return err
		})
	})
	return g, ok, err
}

// DropAnswer makes durable that the answer was refused, or is of no more use.
func (s *Store) DropAnswer() error {
	return s.do("drop answer", func(c *copies) error { return c.clear(deviceBucket, answerKey) })
}
