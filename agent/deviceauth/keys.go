package deviceauth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"

	"github.com/go-jose/go-jose/v4"
)

// keySet has the issuer's public keys, as fetched last.
type keySet struct {
	http *httpClient

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
// out of the supported ranges." An RSA key below 2048 bits is such a one.
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
		if json.Unmarshal(raw, &k) == nil && k.IsPublic() && k.Valid() && !weakKey(k.Key) {
			keys = append(keys, k)
		}
	}
	return keys, nil
}

func (s *keySet) fetch(ctx context.Context, uri string) ([]jose.JSONWebKey, error) {
	r, err := s.http.get(ctx, uri, http.Header{})
	if err != nil {
		return nil, s.http.noResponse(ctx, verifyOp, err)
	}
	var keys []jose.JSONWebKey
	if r.status == http.StatusOK && len(r.body) <= bodyLimit {
		keys, err = parseKeys(r.body)
	}
	if r.status != http.StatusOK || len(r.body) > bodyLimit || err != nil {
		e := notOAuth(verifyOp, r)
		e.Detail = "no keys at " + withoutQuery(uri) + ": " + e.Detail
		if missing(r.status) {
			e.Err = errNoKeySet
		}
		return nil, e
	}
	s.put(uri, keys)
	return keys, nil
}

// errNoKeySet is the cause where there is nothing at the jwks_uri.
var errNoKeySet = errors.New("nothing there")

// signatureCheck verifies one signature for go-oidc: first with the keys that were fetched last, then with keys fetched
// now. An issuer that rotates its keys signs with one that is not known yet (OpenID Connect Core section 10.1.1).
type signatureCheck struct {
	keys   *keySet
	uri    string
	moved  func(ctx context.Context, uri string) string // where the keys are now, "" if there
	failed error                                        // fetching failed: nothing is known about the signature
}

// VerifySignature implements oidc.KeySet.
func (c *signatureCheck) VerifySignature(ctx context.Context, jwt string) ([]byte, error) {
	jws, err := jose.ParseSigned(jwt, signingAlgs)
	if err != nil {
		return nil, err
	}
	if payload, err := verifyWith(jws, c.keys.at(c.uri)); err == nil {
		return payload, nil
	}
	keys, err := c.fetch(ctx)
	if err != nil {
		c.failed = err
		return nil, err
	}
	return verifyWith(jws, keys)
}

// fetch fetches the keys, from where they are now if they have moved.
func (c *signatureCheck) fetch(ctx context.Context) ([]jose.JSONWebKey, error) {
	keys, err := c.keys.fetch(ctx, c.uri)
	if !errors.Is(err, errNoKeySet) {
		return keys, err
	}
	if now := c.moved(ctx, c.uri); now != "" {
		return c.keys.fetch(ctx, now)
	}
	return nil, err
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
