package deviceauth

import (
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const maxNonce = 2048 // bytes

// Thumbprint is the RFC 7638 thumbprint of the key that grants are bound to (RFC 9449 section 6), "" if none is:
// DPoP is off, or the key cannot be had.
func (c *Client) Thumbprint() string {
	if c.cfg.DPoP == "off" {
		return ""
	}
	key, err := c.dpopKey()
	if err != nil {
		return ""
	}
	sum, err := (&jose.JSONWebKey{Key: key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

func (c *Client) dpopKey() (crypto.Signer, error) {
	if c.cfg.DPoPKey == nil {
		return nil, errors.New("the grant is bound to a DPoP key and there is none")
	}
	key, err := c.cfg.DPoPKey()
	if err != nil {
		return nil, err
	}
	if assertionAlg(key) != jose.ES256 {
		return nil, errors.New("the DPoP key is not on P-256")
	}
	return key, nil
}

// prove adds a DPoP proof for a POST to endpoint (RFC 9449 section 4.2), with the latest nonce of the server.
func (c *Client) prove(header http.Header, endpoint string) error {
	key, err := c.dpopKey()
	if err != nil {
		return err
	}
	target, err := url.Parse(endpoint)
	if err != nil {
		return err
	}
	claims := map[string]any{
		"jti": rand.Text(),
		"htm": http.MethodPost,
		// "The HTTP target URI ... without query and fragment parts"
		"htu": (&url.URL{Scheme: target.Scheme, Host: target.Host, Path: target.Path, RawPath: target.RawPath}).String(),
		"iat": time.Now().Unix(),
	}
	if nonce := c.nonce(endpoint); nonce != "" {
		claims["nonce"] = nonce
	}
	opts := (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt")
	proof, err := sign(key, jose.ES256, opts, claims)
	if err == nil {
		header.Set("DPoP", proof)
	}
	return err
}

func (c *Client) nonce(endpoint string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nonces[endpoint]
}

// keepNonce remembers the nonce of an answer and reports whether there was one. RFC 9449 section 8.2: "The client
// MUST use the new nonce value supplied for the next token request".
func (c *Client) keepNonce(endpoint string, header http.Header) bool {
	nonce := header.Get("DPoP-Nonce")
	if nonce == "" || len(nonce) > maxNonce {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nonces[endpoint] = nonce
	return true
}
