package store

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
)

// A keyProvider wraps the data key, which seals everything else. One that keeps its secret in a chip
// (TPM 2.0, the OTP of a Pi) fits in here, because the secret need not leave the chip.
type keyProvider interface {
	name() string
	keyID() (string, error) // differs from secret to secret and reveals none
	wrap(dataKey, aad []byte) ([]byte, error)
	unwrap(wrapped, aad []byte) ([]byte, error)
	protection() string
}

// A secretProvider wraps with a key derived from a secret that is kept for us.
type secretProvider struct {
	secret func() ([]byte, error)
	source string
}

func (p secretProvider) name() string { return p.source }

func (p secretProvider) keyID() (string, error) {
	secret, err := p.secret()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(append([]byte("paird key id\x00"), secret...))
	return hex.EncodeToString(sum[:8]), nil
}

func (p secretProvider) wrap(dataKey, aad []byte) ([]byte, error) {
	key, err := p.wrappingKey()
	if err != nil {
		return nil, err
	}
	aead, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, dataKey, aad), nil
}

func (p secretProvider) unwrap(wrapped, aad []byte) ([]byte, error) {
	key, err := p.wrappingKey()
	if err != nil {
		return nil, err
	}
	aead, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	return aead.Open(nil, nil, wrapped, aad)
}

func (p secretProvider) wrappingKey() ([]byte, error) {
	secret, err := p.secret()
	if err != nil {
		return nil, err
	}
	return hkdf.Key(sha256.New, secret, nil, "paird data key wrapping 1", dataKeySize)
}

func (p secretProvider) protection() string {
	if p.source == sourceCredential {
		return "key from the systemd credential paird-key: as safe as what sealed it; by a TPM the card alone gives a thief nothing, the whole board and root do; by the host key on the same card the card gives everything"
	}
	return "key file beside the data (0600): no protection if the card or the board is stolen, nor against root; other users of this system are kept out"
}
