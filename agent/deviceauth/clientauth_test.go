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
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// testKey is a P-256 key for assertions, proofs and ID tokens.
func testKey() *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}

// credentials configures a way of client authentication.
func credentials(auth string) func(*Config) {
	return func(c *Config) {
		c.ClientAuth = auth
		switch auth {
		case "basic", "post":
			c.ClientSecret = "s3cr:t/ä"
		case "private_key_jwt":
			c.ClientKey = testKey()
		}
	}
}

// openJWT verifies a JWT with a public key and returns its header and claims.
func openJWT(t *testing.T, jwt string, key crypto.PublicKey, algs ...jose.SignatureAlgorithm) (jose.Header, map[string]any) {
	t.Helper()
	jws, err := jose.ParseSigned(jwt, algs)
	if err != nil {
		t.Fatal(err)
	}
	if key == nil {
		key = jws.Signatures[0].Header.JSONWebKey
	}
	payload, err := jws.Verify(key)
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return jws.Signatures[0].Header, claims
}

// Each way authenticates alike at the device authorization, token and revocation endpoints.
func TestClientAuthenticationEverywhere(t *testing.T) {
	for _, auth := range []string{"none", "basic", "post", "private_key_jwt"} {
		t.Run(auth, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t).on(deviceURL, says(200, deviceJSON)).on(tokenURL, says(200, tokenJSON)).on(revokeURL, says(200, ""))
				c := s.client(credentials(auth))
				tok, err := c.Wait(t.Context(), begin(t, c))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := c.Refresh(t.Context(), tok); err != nil {
					t.Fatal(err)
				}
				if err := c.Revoke(t.Context(), tok); err != nil {
					t.Fatal(err)
				}
				seen := map[string]bool{}
				for _, call := range s.calls {
					if call.method == "POST" {
						checkAuth(t, c, auth, call, seen)
					}
				}
			})
		})
	}
}

func checkAuth(t *testing.T, c *Client, auth string, got call, seen map[string]bool) {
	t.Helper()
	basic, secret, assertion := got.header.Get("Authorization"), got.form.Get("client_secret"), got.form.Get("client_assertion")
	// RFC 6749 section 2.3: "The client MUST NOT use more than one authentication method in each request."
	if (basic != "") != (auth == "basic") || (secret != "") != (auth == "post") || (assertion != "") != (auth == "private_key_jwt") {
		t.Errorf("%s: Authorization %q, secret %q, assertion %q", got.url, basic, secret, assertion)
	}
	switch auth {
	case "basic":
		if want := "Basic " + base64.StdEncoding.EncodeToString([]byte("printer:s3cr%3At%2F%C3%A4")); basic != want {
			t.Errorf("got %q, want %q", basic, want)
		}
	case "private_key_jwt":
		_, claims := openJWT(t, assertion, c.cfg.ClientKey.Public(), jose.ES256)
		life := claims["exp"].(float64) - claims["iat"].(float64)
		if claims["iss"] != "printer" || claims["sub"] != "printer" || claims["aud"] != issuer || life != 120 || seen[claims["jti"].(string)] {
			t.Errorf("%s: %v", got.url, claims)
		}
		seen[claims["jti"].(string)] = true
		if got.form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
			t.Error(got.form.Get("client_assertion_type"))
		}
	}
}

func proveNeverProbed(t *testing.T) {
	for _, auth := range []string{"none", "basic", "post"} {
		s := newServer(t).on(deviceURL, says(401, `{"error":"invalid_client"}`, "WWW-Authenticate", `Basic realm="as"`))
		_, err := s.client(credentials(auth)).Begin(t.Context())
		wantKind(t, err, Misconfigured)
		if n := len(s.to(deviceURL)); n != 1 {
			t.Errorf("%s: %d requests after a refusal", auth, n)
		}
	}
}

func TestAssertionAlgorithms(t *testing.T) {
	rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	p521, _ := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	p224, _ := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	for alg, key := range map[jose.SignatureAlgorithm]crypto.Signer{
		jose.RS256: rsaKey, jose.ES256: testKey(), jose.ES384: p384, jose.ES512: p521, jose.EdDSA: ed,
	} {
		c := &Client{cfg: Config{ClientKey: key, TokenEndpoint: tokenURL}}
		jwt, err := c.assertion("printer", time.Now())
		if err != nil {
			t.Fatal(alg, err)
		}
		if _, claims := openJWT(t, jwt, key.Public(), alg); claims["aud"] != tokenURL {
			t.Errorf("%s: without an issuer the audience is %v", alg, claims["aud"])
		}
	}
	if assertionAlg(p224) != "" {
		t.Error("P-224 has no algorithm")
	}
}
