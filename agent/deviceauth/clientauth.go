package deviceauth

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/cryptosigner"
)

const (
	assertionLife = 2 * time.Minute
	maxNonce      = 2048 // bytes of a DPoP nonce
)

// clientAuth is how the client authenticates: by the configured method, without trying others.
type clientAuth struct {
	id, method, secret string
	key                crypto.Signer
	issuer             string // the audience of assertions; "": the token endpoint is
}

func newClientAuth(cfg Config) clientAuth {
	a := clientAuth{id: cfg.ClientID, method: cfg.ClientAuth, secret: cfg.ClientSecret, key: cfg.ClientKey, issuer: cfg.Issuer}
	if cfg.ClientAssertionAudience == "token_endpoint" {
		a.issuer = ""
	}
	return a
}

// authenticate adds the client's credentials to a request. client_id always goes into the body: RFC 8628 section
// 3.1 requires it of clients that do not authenticate, and some servers want it beside the Authorization field too.
func (a clientAuth) authenticate(form url.Values, header http.Header, tokenEndpoint string, now time.Time) error {
	form.Set("client_id", a.id)
	switch a.method {
	case "basic":
		// RFC 6749 section 2.3.1: "The client identifier is encoded using the
		// "application/x-www-form-urlencoded" encoding algorithm ... and the encoded value is used as the username"
		pair := url.QueryEscape(a.id) + ":" + url.QueryEscape(a.secret)
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
	case "post":
		form.Set("client_secret", a.secret)
	case "private_key_jwt":
		assertion, err := a.assertion(cmp.Or(a.issuer, tokenEndpoint), now)
		if err != nil {
			return err
		}
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", assertion)
	}
	return nil
}

// assertion is a JWT for client authentication (RFC 7523 sections 2.2 and 3): "The JWT MUST contain an "aud" (audience)
// claim containing a value that identifies the authorization server as an intended audience."
func (a clientAuth) assertion(audience string, now time.Time) (string, error) {
	return sign(a.key, signatureAlgorithm(a.key), &jose.SignerOptions{}, map[string]any{
		"iss": a.id, "sub": a.id, "aud": audience, "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(assertionLife).Unix(),
	})
}

// signatureAlgorithm is the JWS algorithm of a key, "" if there is none.
func signatureAlgorithm(key crypto.Signer) jose.SignatureAlgorithm {
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

// dpop makes DPoP proofs (RFC 9449) and keeps the latest nonce of each endpoint.
type dpop struct {
	key func() (crypto.Signer, error) // nil: there is none

	mu     sync.Mutex
	nonces map[string]string
}

func (d *dpop) signer() (crypto.Signer, error) {
	if d.key == nil {
		return nil, errors.New("the grant is bound to a DPoP key and there is none")
	}
	key, err := d.key()
	if err != nil {
		return nil, err
	}
	if signatureAlgorithm(key) != jose.ES256 {
		return nil, errors.New("the DPoP key is not on P-256")
	}
	return key, nil
}

// thumbprint is that of RFC 7638, "" without a key.
func (d *dpop) thumbprint() string {
	key, err := d.signer()
	if err != nil {
		return ""
	}
	sum, err := (&jose.JSONWebKey{Key: key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// prove adds a proof for a request to endpoint (RFC 9449 section 4.2), with the latest nonce of the server and the hash
// of the access token that the request presents, if there is one.
func (d *dpop) prove(header http.Header, method, endpoint, accessToken string, now time.Time) error {
	key, err := d.signer()
	if err != nil {
		return err
	}
	target, err := url.Parse(endpoint)
	if err != nil {
		return err
	}
	claims := map[string]any{
		"jti": rand.Text(),
		"htm": method,
		// "The HTTP target URI ... without query and fragment parts"
		"htu": (&url.URL{Scheme: target.Scheme, Host: target.Host, Path: target.Path, RawPath: target.RawPath}).String(),
		"iat": now.Unix(),
	}
	if nonce := d.nonce(endpoint); nonce != "" {
		claims["nonce"] = nonce
	}
	if accessToken != "" { // "ath: Hash of the access token ... REQUIRED when the DPoP proof is used in conjunction with" it
		sum := sha256.Sum256([]byte(accessToken))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	opts := (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt")
	proof, err := sign(key, jose.ES256, opts, claims)
	if err == nil {
		header.Set("DPoP", proof)
	}
	return err
}

func (d *dpop) nonce(endpoint string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.nonces[endpoint]
}

// keepNonce keeps the nonce of a response and reports whether there was one. RFC 9449 section 8.2: "The client
// MUST use the new nonce value supplied for the next token request".
func (d *dpop) keepNonce(endpoint string, header http.Header) bool {
	nonce := header.Get("DPoP-Nonce")
	if nonce == "" || len(nonce) > maxNonce {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.nonces[endpoint] = nonce
	return true
}
