package store

import (
	"crypto/cipher"
	"errors"
	"fmt"
	"os"

	"github.com/paird/paird/agent/internal/boltfile"
	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// files are the open files of a store.
type files struct {
	db    *bolt.DB
	info  os.FileInfo // of tokens.db, to see whether it is still there
	slots [2]slot
	ring  *ring       // nil: nothing has been sealed yet
	aead  cipher.AEAD // of the data key; nil: not unwrapped
	whole bool        // the slots and tokens.db have been compared and brought level
}

// openFiles reads the slots first: a newer schema shows in them, and then nothing must be touched.
func (s *Store) openFiles() (*files, error) {
	f := &files{}
	for i, name := range []string{slotAName, slotBName} {
		sl, err := s.readSlot(name)
		if err != nil {
			return nil, err
		}
		f.slots[i] = sl
	}
	if err := s.openDB(f); err != nil {
		return nil, err
	}
	for i := range f.slots {
		if err := f.slots[i].allocate(s.o.Disk); err != nil {
			s.degrade(err)
		}
	}
	return f, nil
}

// openDB opens tokens.db and reads its ring. A damaged one is set aside if a slot can take its place,
// or if there never was a grant; otherwise it stays for a person to decide.
func (s *Store) openDB(f *files) error {
	db, r, err := boltfile.Open(boltfile.Options{
		Path: s.o.path(dbName), Allocate: dbAllocated, Probe: s.o.Probe, Log: s.o.Log,
		Disk: s.o.Disk, Opened: s.o.Opened,
	})
	switch {
	case errors.Is(err, boltfile.ErrFormat):
		return ErrNewerSchema
	case errors.Is(err, berrors.ErrTimeout):
		return ErrLocked
	case err != nil:
		return err
	case r.Reverted:
		s.note("%s: the newest commit was damaged (%s), went back to the one before", dbName, r.Reason)
	case r.Quarantined != "":
		s.note("%s was damaged (%s): set aside as %s", dbName, r.Reason, r.Quarantined)
	}
	f.db = db
	if f.info, err = os.Stat(db.Path()); err != nil {
		return errors.Join(err, db.Close())
	}
	err = db.View(func(tx *bolt.Tx) (err error) {
		f.ring, err = readMeta(tx)
		return err
	})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errDamaged) && (f.newestSlot() != nil || f.unused()):
		return s.replaceDB(f, err)
	case errors.Is(err, errDamaged):
		err = &SealError{Reason: dbName + " is damaged and there is no other copy; pair again"}
	}
	return errors.Join(err, db.Close())
}

// replaceDB sets a damaged tokens.db aside and opens a new one.
func (s *Store) replaceDB(f *files, reason error) error {
	if err := f.db.Close(); err != nil {
		return err
	}
	aside, err := boltfile.SetAside(s.o.path(dbName), s.o.Disk)
	if err != nil {
		return err
	}
	s.o.Log.Error("tokens.db is damaged: set aside, going on from the slots", "path", aside, "reason", reason)
	s.note("%s was damaged (%v): set aside as %s", dbName, reason, aside)
	return s.openDB(f)
}

// newestSlot returns the slot with the highest generation, nil if both are empty.
func (f *files) newestSlot() *slot {
	newest := &f.slots[0]
	if f.slots[1].gen > newest.gen {
		newest = &f.slots[1]
	}
	if newest.gen == 0 {
		return nil
	}
	return newest
}

// unused says whether the slots were never written: no grant was ever saved.
func (f *files) unused() bool {
	return f.newestSlot() == nil && !f.slots[0].damaged && !f.slots[1].damaged
}

// nextSlot returns the slot to write: the one that is not the newest.
func (f *files) nextSlot() *slot {
	if f.slots[0].gen > f.slots[1].gen {
		return &f.slots[1]
	}
	return &f.slots[0]
}

// newest is the highest generation anywhere.
func (f *files) newest() (gen uint64, err error) {
	err = f.db.View(func(tx *bolt.Tx) error {
		gen = newestGen(tx)
		return nil
	})
	if sl := f.newestSlot(); sl != nil {
		gen = max(gen, sl.gen)
	}
	return gen, err
}

// degrade remembers what is not as it should be although the operation was done.
func (s *Store) degrade(err error) {
	s.degraded = s.storageError("keep a second copy", err)
	s.o.Log.Error("the store is not complete", "err", s.degraded)
}

// update commits to tokens.db, with the ring if it is the first to seal something, and the checksum.
func (s *Store) update(f *files, change func(*bolt.Tx) error) error {
	return f.db.Update(func(tx *bolt.Tx) error {
		if err := writeMeta(tx, f.ring); err != nil {
			return err
		}
		if err := change(tx); err != nil {
			return err
		}
		sum, err := contentSum(tx)
		if err != nil {
			return err
		}
		return tx.Bucket(metaBucket).Put(sumKey, sum)
	})
}

// unlock makes the data key usable and brings slots and tokens.db level. Where nothing has been
// sealed yet there is no key, and that is no error.
func (s *Store) unlock(f *files) error {
	if err := s.unwrap(f); err != nil {
		return err
	}
	if f.aead == nil || f.whole {
		return nil
	}
	return s.level(f)
}

// unwrap opens the ring of tokens.db, or that of the newest slot where tokens.db is new.
func (s *Store) unwrap(f *files) (err error) {
	if f.aead != nil {
		return nil
	}
	if sl := f.newestSlot(); f.ring == nil && sl != nil {
		f.ring = sl.payload.Ring
	}
	if f.ring == nil {
		return nil
	}
	f.aead, err = s.o.unwrap(f.ring)
	return err
}

// begin makes sure of a data key to seal with.
func (s *Store) begin(f *files) error {
	if err := s.unwrap(f); err != nil || f.aead != nil {
		return err
	}
	r, aead, err := s.o.newRing()
	if err != nil {
		return err
	}
	f.ring, f.aead, f.whole = r, aead, true
	return nil
}

// seal and unseal bind a value to its place and generation.
func (s *Store) seal(f *files, bucket, key string, gen uint64, plain []byte) []byte {
	return f.aead.Seal(nil, nil, plain, s.o.aad(bucket, key, gen))
}

func (s *Store) unseal(f *files, bucket, key string, gen uint64, sealed []byte) ([]byte, error) {
	plain, err := f.aead.Open(nil, nil, sealed, s.o.aad(bucket, key, gen))
	if err != nil {
		return nil, fmt.Errorf("%w: %s/%s", errDamaged, bucket, key)
	}
	return plain, nil
}
