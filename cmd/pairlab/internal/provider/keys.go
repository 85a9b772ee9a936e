package provider

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// keyring signs with one RSA key. RS256 because OpenID Connect Discovery 1.0 section 3 says of the ID
// token's algorithms: "The algorithm RS256 MUST be included."
type keyring struct {
	jwk    jose.JSONWebKey
	signer map[jose.ContentType]jose.Signer
}

// Types of token: RFC 9068 section 2.1 for access tokens.
const (
	typeAccess jose.ContentType = "at+jwt"
	typeID     jose.ContentType = "JWT"
)

func newKeyring(key *rsa.PrivateKey) (*keyring, error) {
	if key == nil {
		var err error
		if key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return nil, fmt.Errorf("new signing key: %w", err)
		}
	}
	jwk := jose.JSONWebKey{Key: key, Algorithm: string(jose.RS256), Use: "sig"}
	thumb, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	jwk.KeyID = base64.RawURLEncoding.EncodeToString(thumb)
	k := &keyring{jwk: jwk, signer: map[jose.ContentType]jose.Signer{}}
	for _, typ := range []jose.ContentType{typeAccess, typeID} {
		opts := (&jose.SignerOptions{}).WithType(typ)
		if k.signer[typ], err = jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jwk}, opts); err != nil {
			return nil, fmt.Errorf("signing key: %w", err)
		}
	}
	return k, nil
}

func (k *keyring) public() jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{k.jwk.Public()}}
}

func (k *keyring) sign(typ jose.ContentType, claims any) (string, error) {
	return jwt.Signed(k.signer[typ]).Claims(claims).Serialize()
}

// verify reads an access token of this provider; false if it is not one or has run out.
func (k *keyring) verify(token, issuer string, now time.Time) (accessClaims, bool) {
	var c accessClaims
	t, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil || len(t.Headers) != 1 || t.Headers[0].ExtraHeaders[jose.HeaderType] != string(typeAccess) {
		return c, false
	}
	if t.Claims(k.jwk.Public(), &c) != nil {
		return c, false
	}
	// RFC 7519 section 4.1.4: exp is the time "on or after which the JWT MUST NOT be accepted"; the
	// library accepts on.
	inTime := c.Expiry != nil && now.Before(c.Expiry.Time())
	return c, inTime && c.ValidateWithLeeway(jwt.Expected{Issuer: issuer, Time: now}, 0) == nil
}

// Keys are the public keys that verify this provider's tokens.
func (p *Provider) Keys() jose.JSONWebKeySet { return p.keys.public() }
