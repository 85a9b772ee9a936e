package store

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/binary"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Key returns the device's private key for DPoP, P-256 in PKCS#8 DER, which is made and committed
// when first asked for.
func (s *Store) Key() (der []byte, err error) {
	err = s.do("key", func(f *files) error {
		if err := s.begin(f); err != nil {
			return err
		}
		if err := s.unlock(f); err != nil {
			return err
		}
		err := f.db.View(func(tx *bolt.Tx) (err error) {
			der, err = s.readKey(f, tx)
			return err
		})
		if err != nil || der != nil {
			return err
		}
		if der, err = newKey(); err != nil {
			return err
		}
		return s.update(f, func(tx *bolt.Tx) error {
			return tx.Bucket(deviceBucket).Put(deviceKey, s.seal(f, "device", "key", 0, der))
		})
	})
	if err != nil {
		return nil, err
	}
	return der, nil
}

func newKey() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return x509.MarshalPKCS8PrivateKey(key)
}

// readKey returns nil where no key was ever made.
func (s *Store) readKey(f *files, tx *bolt.Tx) ([]byte, error) {
	return s.readDevice(f, tx, deviceKey)
}

func (s *Store) readDevice(f *files, tx *bolt.Tx, key []byte) ([]byte, error) {
	device := tx.Bucket(deviceBucket)
	if device == nil {
		return nil, nil
	}
	sealed := device.Get(key)
	if sealed == nil {
		return nil, nil
	}
	return s.unseal(f, "device", string(key), 0, sealed)
}

// Pending returns what SavePending was given last, nil if nothing.
func (s *Store) Pending() (b []byte, err error) {
	err = s.do("pending", func(f *files) error {
		if err := s.unlock(f); err != nil || f.aead == nil {
			return err
		}
		return f.db.View(func(tx *bolt.Tx) (err error) {
			b, err = s.readDevice(f, tx, pendingKey)
			return err
		})
	})
	return b, err
}

// SavePending keeps, sealed, what is needed to go on with a pairing after a restart. nil clears it.
func (s *Store) SavePending(b []byte) error {
	return s.do("pending", func(f *files) error {
		if b == nil {
			return s.clear(f, deviceBucket, pendingKey)
		}
		if err := s.begin(f); err != nil {
			return err
		}
		return s.update(f, func(tx *bolt.Tx) error {
			return tx.Bucket(deviceBucket).Put(pendingKey, s.seal(f, "device", "pending", 0, b))
		})
	})
}

// Floor returns the last trusted time, to the second; zero if there was none.
func (s *Store) Floor() (t time.Time, err error) {
	err = s.do("floor", func(f *files) error {
		return f.db.View(func(tx *bolt.Tx) error {
			t = readFloor(tx)
			return nil
		})
	})
	return t, err
}

// SetFloor keeps the last trusted time, also an earlier one than before: a clock that was wrong can
// be put right. It costs a commit if it changes anything.
func (s *Store) SetFloor(t time.Time) error {
	return s.do("floor", func(f *files) error {
		var same bool
		err := f.db.View(func(tx *bolt.Tx) error {
			same = readFloor(tx).Equal(t.Truncate(time.Second))
			return nil
		})
		if err != nil || same {
			return err
		}
		return s.update(f, func(tx *bolt.Tx) error { return putFloor(tx, t) })
	})
}

func readFloor(tx *bolt.Tx) time.Time {
	device := tx.Bucket(deviceBucket)
	if device == nil {
		return time.Time{}
	}
	b := device.Get(floorKey)
	if len(b) != 8 {
		return time.Time{}
	}
	return time.Unix(int64(binary.BigEndian.Uint64(b)), 0).UTC()
}

func putFloor(tx *bolt.Tx, t time.Time) error {
	return tx.Bucket(deviceBucket).Put(floorKey, binary.BigEndian.AppendUint64(nil, uint64(t.Unix())))
}
