package store

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"time"
)

// Key returns the device's private key for DPoP, P-256 in PKCS#8 DER, which is made and committed
// when first asked for.
func (s *Store) Key() (der []byte, err error) {
	err = s.do("key", func(c *copies) error {
		if err := errors.Join(c.begin(), c.unlock()); err != nil {
			return err
		}
		der, err = c.deviceKey()
		return err
	})
	if err != nil {
		return nil, err
	}
	return der, nil
}

func (c *copies) deviceKey() (der []byte, err error) {
	if body, _ := c.slots.body(c.seal); c.db == nil && body.Key != nil {
		return body.Key, nil
	}
	err = c.view(func(t table) error {
		der, err = t.value(deviceKey)
		return err
	})
	if err != nil || der != nil {
		return der, err
	}
	if der, err = newKey(); err != nil {
		return nil, err
	}
	return der, c.update(func(t table) error { return t.putValue(deviceKey, der) })
}

func newKey() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return x509.MarshalPKCS8PrivateKey(key)
}

// Pending returns what SavePending was given last, nil if nothing.
func (s *Store) Pending() (b []byte, err error) {
	err = s.do("pending", func(c *copies) error {
		if err := c.unlock(); err != nil || c.seal == nil {
			return err
		}
		return c.view(func(t table) error {
			b, err = t.value(pendingKey)
			return err
		})
	})
	return b, err
}

// SavePending keeps, sealed, what is needed to go on with a pairing after a restart. nil clears it.
func (s *Store) SavePending(b []byte) error {
	return s.do("pending", func(c *copies) error {
		if b == nil {
			return c.clear(deviceBucket, pendingKey)
		}
		if err := errors.Join(c.begin(), c.unlock()); err != nil {
			return err
		}
		return c.update(func(t table) error { return t.putValue(pendingKey, b) })
	})
}

// Floor returns the last trusted time, to the second; zero if there was none.
func (s *Store) Floor() (at time.Time, err error) {
	err = s.do("floor", func(c *copies) error {
		at, err = c.floor()
		return err
	})
	return at, err
}

func (c *copies) floor() (at time.Time, err error) {
	if c.db == nil {
		if err := c.unlock(); err != nil || c.seal == nil {
			return at, err
		}
		body, _ := c.slots.body(c.seal)
		return body.Floor, nil
	}
	err = c.view(func(t table) error {
		at = t.floor()
		return nil
	})
	return at, err
}

// SetFloor keeps the last trusted time, also an earlier one than before: a clock that was wrong can
// be put right. It costs a commit if it changes anything.
func (s *Store) SetFloor(at time.Time) error {
	return s.do("floor", func(c *copies) error {
		before, err := c.floor()
		if err != nil || before.Equal(at.Truncate(time.Second)) {
			return err
		}
		return c.update(func(t table) error { return t.putFloor(at) })
	})
}
