package store

import (
	"encoding/json"

	bolt "go.etcd.io/bbolt"
)

// putSlot writes the essence of a generation to the older slot, with what tokens.db or else the newer
// slot has of the device.
func (s *Store) putSlot(f *files, rec record) error {
	body, _, _ := s.openSlot(f)
	body.Grant = essence(rec.grant)
	err := f.db.View(func(tx *bolt.Tx) error {
		if floor := readFloor(tx); !floor.IsZero() {
			body.Floor = floor
		}
		key, err := s.readKey(f, tx)
		if key != nil {
			body.Key = key
		}
		return err
	})
	if err != nil {
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
	if err != nil {
		return err
	}
	switch {
	case s.unsaved != nil && s.unsaved.gen > rec.gen:
		err = s.restore(f, *s.unsaved, body)
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

// restore puts a record into tokens.db, and what a slot holds of the device.
func (s *Store) restore(f *files, rec record, body slotBody) error {
	return s.update(f, func(tx *bolt.Tx) error {
		if err := s.putRecord(f, tx, rec); err != nil {
			return err
		}
		device := tx.Bucket(deviceBucket)
		if device.Get(deviceKey) == nil && body.Key != nil {
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
