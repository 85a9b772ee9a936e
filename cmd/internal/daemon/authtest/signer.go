package authtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"
)

// signer makes ID tokens for Alice (RFC 7515 with ES256).
type signer struct {
	t   testing.TB
	key *ecdsa.PrivateKey
}

func newSigner(t testing.TB) *signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &signer{t, key}
}

func (s *signer) keys() any {
	point, err := s.key.PublicKey.Bytes() // 4 || X || Y
	if err != nil {
		s.t.Error(err)
	}
	return map[string]any{"keys": []any{map[string]any{
		"kty": "EC", "crv": "P-256", "kid": "k1", "alg": "ES256", "use": "sig",
		"x": encode(point[1:33]), "y": encode(point[33:]),
	}}}
}

func (s *signer) idToken(issuer, client string) string {
	now := time.Now()
	body := s.part(map[string]any{"alg": "ES256", "kid": "k1"}) + "." + s.part(map[string]any{
		"iss": issuer, "aud": client, "sub": "alice-1", "name": "Alice",
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	digest := sha256.Sum256([]byte(body))
	r, v, err := ecdsa.Sign(rand.Reader, s.key, digest[:])
	if err != nil {
		s.t.Error(err)
	}
	sig := make([]byte, 64)
	return body + "." + encode(append(r.FillBytes(sig[:32])[:32:32], v.FillBytes(sig[32:])...))
}

func (s *signer) part(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		s.t.Error(err)
	}
	return encode(b)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
