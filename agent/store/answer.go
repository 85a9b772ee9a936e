package store

import (
	"encoding/json"
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// SaveAnswer makes the token endpoint's answer to a pairing durable before anything else of it is
// checked: a rotated or single-use token must not wait in memory for the issuer's keys. It replaces an
// earlier answer and leaves the grant as it is. The Save of a grant of the same pairing erases it in the
// same commit. It is kept in tokens.db alone: a slot holds grants.
func (s *Store) SaveAnswer(g Grant) error {
	return s.do("save answer", func(f *files) error {
		if err := s.begin(f); err != nil {
			return err
		}
		if err := s.unlock(f); err != nil {
			return err
		}
		plain, err := json.Marshal(g)
		if err != nil {
			return err
		}
		return s.update(f, func(tx *bolt.Tx) error {
			return tx.Bucket(deviceBucket).Put(answerKey, s.seal(f, "device", "answer", 0, plain))
		})
	})
}

// Answer returns what SaveAnswer kept and no Save or DropAnswer has ended; false: nothing.
func (s *Store) Answer() (g Grant, ok bool, err error) {
	err = s.do("load answer", func(f *files) error {
		if err := s.unlock(f); err != nil || f.aead == nil {
			return err
		}
		return f.db.View(func(tx *bolt.Tx) (err error) {
			g, ok, err = s.readAnswer(f, tx)
			return err
		})
	})
	return g, ok, err
}

// DropAnswer makes durable that the answer was refused, or is of no more use.
func (s *Store) DropAnswer() error {
	return s.do("drop answer", func(f *files) error { return s.clear(f, deviceBucket, answerKey) })
}

func (s *Store) readAnswer(f *files, tx *bolt.Tx) (g Grant, ok bool, err error) {
	plain, err := s.readDevice(f, tx, answerKey)
	if err != nil || plain == nil {
		return g, false, err
	}
	if err := json.Unmarshal(plain, &g); err != nil {
		return g, false, fmt.Errorf("%w: answer: %w", errDamaged, err)
	}
	return g, true, nil
}

// endAnswer erases the answer that the record was made of. A refresh of the grant before, while the
// answer is still being verified, leaves it.
func (s *Store) endAnswer(f *files, tx *bolt.Tx, rec record) error {
	answer, ok, err := s.readAnswer(f, tx)
	if err != nil || !ok || rec.grant == nil || rec.grant.Pairing != answer.Pairing {
		return err
	}
	return tx.Bucket(deviceBucket).Delete(answerKey)
}
