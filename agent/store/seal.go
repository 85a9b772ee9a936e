package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

const dataKeySize = 32 // AES-256

// A ring is the data key as it is stored: wrapped, with what is needed to know the key that opens it.
type ring struct {
	Provider string `json:"provider"`
	KeyID    string `json:"key_id"`
	Device   string `json:"device"` // digest of the device's id, to say so if it has changed
	Wrapped  []byte `json:"wrapped"`
}

// newRing makes a data key and wraps it.
func (o Options) newRing() (*ring, cipher.AEAD, error) {
	p, err := o.choose("")
	if err != nil {
		return nil, nil, err
	}
	if p.name() == sourceFile {
		if err := o.makeKeyFile(); err != nil {
			return nil, nil, err
		}
	}
	id, err := p.keyID()
	if err != nil {
		return nil, nil, &SealError{Provider: p.name(), Reason: err.Error()}
	}
	dataKey := make([]byte, dataKeySize)
	rand.Read(dataKey)
	wrapped, err := p.wrap(dataKey, o.aad("meta", "ring", 0))
	if err != nil {
		return nil, nil, err
	}
	aead, err := newGCM(dataKey)
	return &ring{Provider: p.name(), KeyID: id, Device: digest(o.Device), Wrapped: wrapped}, aead, err
}

// unwrap returns the data key, or a *SealError that says what is missing.
func (o Options) unwrap(r *ring) (cipher.AEAD, error) {
	fail := func(format string, args ...any) (cipher.AEAD, error) {
		return nil, &SealError{Provider: r.Provider, Reason: fmt.Sprintf(format, args...)}
	}
	p, err := o.choose(r.Provider)
	if err != nil {
		return nil, err
	}
	id, err := p.keyID()
	switch {
	case err != nil:
		return fail("%v; bring the key back, or pair again", err)
	case id != r.KeyID:
		return fail("key %s is another than the one that sealed it (%s, not %s); bring that back, or pair again", p.name(), id, r.KeyID)
	case digest(o.Device) != r.Device:
		return fail("it belongs to a device of another id; set device.id back, or pair again")
	}
	dataKey, err := p.unwrap(r.Wrapped, o.aad("meta", "ring", 0))
	if err != nil {
		return fail("the wrapped key is damaged; pair again")
	}
	return newGCM(dataKey)
}

// aad is what a sealed value is bound to: it opens in no other place and under no other number.
func (o Options) aad(bucket, key string, gen uint64) []byte {
	return binary.BigEndian.AppendUint64(fmt.Appendf(nil, "paird\x00%s\x00%s\x00%s\x00", o.Device, bucket, key), gen)
}

func digest(device string) string {
	sum := sha256.Sum256([]byte("paird device\x00" + device))
	return hex.EncodeToString(sum[:8])
}

// newGCM is AES-GCM that puts a random nonce of 96 bits before what it seals. NIST SP 800-38D, 8.3,
// allows 2^32 of them a key; a refresh a minute would take 8,000 years.
func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func sealWith(key, plain, aad []byte) ([]byte, error) {
	aead, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, plain, aad), nil
}

func openWith(key, sealed, aad []byte) ([]byte, error) {
	aead, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	return aead.Open(nil, nil, sealed, aad)
}
