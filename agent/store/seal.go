package store

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
)

// A location is where a sealed value is kept. It opens in no other one.
type location struct {
	bucket, key string
	gen         uint64
}

func slotLocation(gen uint64) location   { return location{"slot", "", gen} }
func grantLocation(gen uint64) location  { return location{"grants", "", gen} }
func intentLocation(gen uint64) location { return location{"journal", "intent", gen} }
func deviceLocation(key []byte) location { return location{"device", string(key), 0} }
func ringLocation() location             { return location{"meta", "ring", 0} }
func (p location) aad(id string) []byte { // additional authenticated data of AES-GCM
	return binary.BigEndian.AppendUint64(fmt.Appendf(nil, "paird\x00%s\x00%s\x00%s\x00", id, p.bucket, p.key), p.gen)
}

// A sealer seals values under the data key, bound to the device's id and to their location.
type sealer struct {
	aead   cipher.AEAD
	device string
}

func newSealer(dataKey []byte, device string) (*sealer, error) {
	aead, err := newGCM(dataKey)
	if err != nil {
		return nil, err
	}
	return &sealer{aead, device}, nil
}

func (s *sealer) seal(p location, plain []byte) []byte {
	return s.aead.Seal(nil, nil, plain, p.aad(s.device))
}

// open returns errDamaged for what was not sealed for this location.
func (s *sealer) open(p location, sealed []byte) ([]byte, error) {
	plain, err := s.aead.Open(nil, nil, sealed, p.aad(s.device))
	if err != nil {
		return nil, fmt.Errorf("%w: %s/%s", errDamaged, p.bucket, p.key)
	}
	return plain, nil
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
