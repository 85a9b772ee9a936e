package deviceauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/cryptosigner"
)

const assertionLife = 2 * time.Minute

// authenticate adds what the configuration says the client proves itself with; it never tries another way.
// client_id always goes into the body: RFC 8628 section 3.1 requires it of clients that do not authenticate,
// and some servers want it beside the Authorization field too.
func (c *Client) authenticate(form url.Values, header http.Header) error {
	form.Set("client_id", c.cfg.ClientID)
	switch c.cfg.ClientAuth {
	case "basic":
		// RFC 6749 section 2.3.1: "The client identifier is encoded using the
		// "application/x-www-form-urlencoded" encoding algorithm ... and the encoded value is used as the username"
		pair := url.QueryEscape(c.cfg.ClientID) + ":" + url.QueryEscape(c.cfg.ClientSecret)
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
	case "post":
		form.Set("client_secret", c.cfg.ClientSecret)
	case "private_key_jwt":
		assertion, err := c.assertion(form.Get("client_id"), time.Now())
		if err != nil {
			return err
		}
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", assertion)
	}
	return nil
}

// assertion is a JWT for client authentication (RFC 7523 sections 2.2 and 3). Its audience is the issuer, the
// one value that newer servers insist on; without an issuer it is the token endpoint.
func (c *Client) assertion(clientID string, now time.Time) (string, error) {
	audience := c.cfg.Issuer
	if audience == "" {
		audience = c.cfg.TokenEndpoint
	}
	return sign(c.cfg.ClientKey, assertionAlg(c.cfg.ClientKey), &jose.SignerOptions{}, map[string]any{
		"iss": clientID, "sub": clientID, "aud": audience, "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(assertionLife).Unix(),
	})
}

// assertionAlg is the JWS algorithm of a key, "" if there is none.
func assertionAlg(key crypto.Signer) jose.SignatureAlgorithm {
	switch public := key.Public().(type) {
	case *rsa.PublicKey:
		return jose.RS256
	case ed25519.PublicKey:
		return jose.EdDSA
	case *ecdsa.PublicKey:
		switch public.Curve {
		case elliptic.P256():
			return jose.ES256
		case elliptic.P384():
			return jose.ES384
		case elliptic.P521():
			return jose.ES512
		}
	}
	return ""
}

// sign makes a JWT in its compact form.
func sign(key crypto.Signer, alg jose.SignatureAlgorithm, opts *jose.SignerOptions, claims map[string]any) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: cryptosigner.Opaque(key)}, opts)
	if err != nil {
		return "", fmt.Errorf("key for %s: %w", alg, err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("signing with %s: %w", alg, err)
	}
	return jws.CompactSerialize()
}
