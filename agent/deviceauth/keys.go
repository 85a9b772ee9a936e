package deviceauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// keySet has the issuer's public keys, as fetched last.
type keySet struct {
	http *httpClient
	log  *slog.Logger

	mu   sync.Mutex
	uri  string
	keys []jose.JSONWebKey
}

func (s *keySet) at(uri string) []jose.JSONWebKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.uri != uri {
		return nil
	}
	return s.keys
}

func (s *keySet) put(uri string, keys []jose.JSONWebKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uri, s.keys = uri, keys
}

// parseKeys reads a JWK Set. RFC 7517 section 5: "Implementations SHOULD ignore JWKs within a JWK Set that use "kty"
// (key type) values that are not understood by them, that are missing required members, or for which values are
// out of the supported ranges."
func parseKeys(body []byte) ([]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil || set.Keys == nil {
		return nil, errors.New("no JWK Set")
	}
	var keys []jose.JSONWebKey
	for _, raw := range set.Keys {
		var k jose.JSONWebKey
		if json.Unmarshal(raw, &k) == nil && k.IsPublic() && k.Valid() {
			keys = append(keys, k)
		}
	}
	return keys, nil
}

func (s *keySet) fetch(ctx context.Context, uri string) ([]jose.JSONWebKey, error) {
	r, err := s.http.get(ctx, uri)
	if err != nil {
		return nil, err
	}
	if r.status != http.StatusOK || len(r.body) > bodyLimit {
		return nil, fmt.Errorf("%s answered %s", withoutQuery(uri), statusText(r.status))
	}
	keys, err := parseKeys(r.body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", withoutQuery(uri), err)
	}
	s.put(uri, keys)
	return keys, nil
}

const warmLimit = 5 * time.Second

// warm has the issuer's keys it has before tokens come: a fresh refresh token must not wait for them before
// it can be stored.
func (s *keySet) warm(ctx context.Context, m Metadata) {
	if m.Issuer == "" || m.JWKSURI == "" || s.at(m.JWKSURI) != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, warmLimit)
	defer cancel()
	if _, err := s.fetch(ctx, m.JWKSURI); err != nil {
		s.log.Info("keys of the issuer not fetched ahead", "error", err)
	}
}

// lookup verifies one signature for go-oidc: with the keys it has, then with fetched ones, because a key that
// is not known yet is how an issuer rotates them (OpenID Connect Core section 10.1.1).
type lookup struct {
	keys   *keySet
	uri    string
	failed error // fetching failed: nothing is known about the signature
}

// VerifySignature implements oidc.KeySet.
func (l *lookup) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	jws, err := jose.ParseSigned(jwt, signingAlgs)
	if err != nil {
		return nil, err
	}
	if payload, err := verifyWith(jws, l.keys.at(l.uri)); err == nil {
		return payload, nil
	}
	keys, err := l.keys.fetch(ctx, l.uri)
	if err != nil {
		l.failed = err
		return nil, err
	}
	return verifyWith(jws, keys)
}

func verifyWith(jws *jose.JSONWebSignature, keys []jose.JSONWebKey) ([]byte, error) {
	id := jws.Signatures[0].Header.KeyID
	for _, k := range keys {
		if id != "" && k.KeyID != id {
			continue
		}
		if payload, err := jws.Verify(k); err == nil {
			return payload, nil
		}
	}
	return nil, errors.New("no key of the issuer fits")
}
