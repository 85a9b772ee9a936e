package store

import (
	"encoding/json"
	"errors"

	bolt "go.etcd.io/bbolt"
)

// putSlot writes the essence of a generation to the older slot.
func (s *Store) putSlot(f *files, rec record) error {
	body := slotBody{Grant: essence(rec.grant)}
	err := f.db.View(func(tx *bolt.Tx) (err error) {
		body.Floor = readFloor(tx)
		body.Key, err = s.readKey(f, tx)
		return err
	})
	if errors.Is(err, errDamaged) {
		old, _, _ := s.openSlot(f)
		body.Key = old.Key
	} else if err != nil {
		return err
	}
	plain, err := json.Marshal(body)
	if err != nil {
		return err
	}
	sl := f.nextSlot()
	return sl.write(s.o.Disk, rec.gen, slotPayload{Ring: f.ring, Sealed: s.seal(f, "slot", "", rec.gen, plain)})
}

// openSlot returns what is in the newest slot that opens, generation 0 if none does. A slot that
// does not open under this data key was left by another store and counts as empty.
func (s *Store) openSlot(f *files) (body slotBody, gen uint64, path string) {
	for {
		sl := f.newestSlot()
		if sl == nil {
			return slotBody{}, 0, ""
		}
		plain, err := s.unseal(f, "slot", "", sl.gen, sl.payload.Sealed)
		if err == nil {
			err = json.Unmarshal(plain, &body)
		}
		if err == nil {
			return body, sl.gen, sl.path
		}
		s.o.Log.Warn("a slot does not open under the data key in use", "path", sl.path)
		sl.gen = 0
	}
}

// level brings slots and tokens.db to the newest generation that either holds. A power cut between the
// two writes of Save leaves them apart, and so does a tokens.db that was set aside.
func (s *Store) level(f *files) error {
	body, slotGen, path := s.openSlot(f)
	rec, err := s.newestRecord(f)
	if errors.Is(err, errDamaged) {
		if slotGen == 0 {
			return &SealError{Provider: f.ring.Provider, Reason: "its record is damaged and there is no other copy; pair again"}
		}
		ring, aead := f.ring, f.aead
		if err := s.replaceDB(f, err); err != nil {
			return err
		}
		f.ring, f.aead, rec = ring, aead, record{}
	} else if err != nil {
		return err
	}
	switch {
	case s.unsaved != nil && s.unsaved.gen > rec.gen:
		err = s.update(f, func(tx *bolt.Tx) error { return s.putRecord(f, tx, *s.unsaved) })
	case slotGen > rec.gen:
		s.o.Log.Info("the newest grant is in a slot", "path", path, "generation", slotGen, "tokens.db", rec.gen)
		err = s.restore(f, record{slotGen, body.Grant}, body)
		if slotGen > rec.gen+1 && err == nil { // further apart than a cut leaves them
			s.note("the grant was restored from %s", path)
		}
	case slotGen < rec.gen:
		if err := s.putSlot(f, rec); err != nil {
			s.degrade(err)
			return nil
		}
	}
	if err != nil {
		return err
	}
	s.unsaved, s.degraded, f.whole = nil, nil, true
	return nil
}

// newestRecord opens the newest record of tokens.db; the zero record if there is none.
func (s *Store) newestRecord(f *files) (rec record, err error) {
	err = f.db.View(func(tx *bolt.Tx) (err error) {
		rec, err = s.newestIn(f, tx)
		return err
	})
	return rec, err
}

// restore puts what a slot holds into tokens.db.
func (s *Store) restore(f *files, rec record, body slotBody) error {
	return s.update(f, func(tx *bolt.Tx) error {
		if err := s.putRecord(f, tx, rec); err != nil {
			return err
		}
		device := tx.Bucket(deviceBucket)
		if key, err := s.readKey(f, tx); body.Key != nil && (key == nil || err != nil) {
			if err := device.Put(deviceKey, s.seal(f, "device", "key", 0, body.Key)); err != nil {
				return err
			}
		}
		if readFloor(tx).Before(body.Floor) {
			return putFloor(tx, body.Floor)
		}
		return nil
	})
}
