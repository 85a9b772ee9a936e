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
	"errors"
	"math/big"
	"slices"
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
		jwt, err := newClientAuth(Config{ClientID: "printer", ClientKey: key}).assertion(tokenURL, time.Now())
		if err != nil {
			t.Fatal(alg, err)
		}
		if _, claims := openJWT(t, jwt, key.Public(), alg); claims["aud"] != tokenURL {
			t.Errorf("%s: the audience is %v", alg, claims["aud"])
		}
	}
	if signatureAlgorithm(p224) != "" {
		t.Error("P-224 has no algorithm")
	}
}

const boundJSON = `{"access_token":"at-1","token_type":"DPoP","refresh_token":"rt-1","expires_in":3600}`

// bound configures DPoP with a key.
func bound(mode string, key *ecdsa.PrivateKey) func(*Config) {
	return func(c *Config) { c.DPoP, c.DPoPKey = mode, func() (crypto.Signer, error) { return key, nil } }
}

// nonceOf is the nonce in the proof of a call, "" if it has none.
func nonceOf(t *testing.T, c call) string {
	t.Helper()
	_, claims := openJWT(t, c.header.Get("DPoP"), nil, jose.ES256)
	nonce, _ := claims["nonce"].(string)
	return nonce
}

func useNonce(status int, nonce string) wire {
	return says(status, `{"error":"use_dpop_nonce"}`, "DPoP-Nonce", nonce)
}

// boundFlow runs a flow with DPoP on and returns its polls and the nonces they used.
func boundFlow(t *testing.T, script []wire, check func(t *testing.T, tok Token, err error, at []float64, nonces []string)) {
	t.Helper()
	flow(t, script, func(t *testing.T, s *server, start time.Time, tok Token, err error) {
		var at []float64
		var nonces []string
		for _, c := range s.to(tokenURL) {
			at = append(at, c.at.Sub(start).Seconds())
			nonces = append(nonces, nonceOf(t, c))
		}
		check(t, tok, err, at, nonces)
	}, bound("on", testKey()))
}

func proveNonceAtFirstPoll(t *testing.T) {
	for _, demand := range []wire{
		useNonce(400, "n1"), useNonce(401, "n1"),
		says(401, "", "DPoP-Nonce", "n1", "WWW-Authenticate", `DPoP realm="x, error=y", error="use_dpop_nonce", algs="ES256"`),
	} {
		boundFlow(t, []wire{demand, pending(), says(200, boundJSON)}, func(t *testing.T, tok Token, err error, at []float64, nonces []string) {
			if err != nil || tok.TokenType != "DPoP" || !slices.Equal(at, []float64{5, 5, 10}) || !slices.Equal(nonces, []string{"", "n1", "n1"}) {
				t.Errorf("%+v, %v at %v with %q", tok, err, at, nonces)
			}
		})
	}
}

func proveNonceAtLastPoll(t *testing.T) {
	boundFlow(t, []wire{pending(), useNonce(400, "n1"), says(200, boundJSON)}, func(t *testing.T, tok Token, err error, at []float64, nonces []string) {
		if err != nil || tok.AccessToken != "at-1" || !slices.Equal(at, []float64{5, 10, 10}) || !slices.Equal(nonces, []string{"", "", "n1"}) {
			t.Errorf("%+v, %v at %v with %q", tok, err, at, nonces)
		}
	})
	// A server that never has enough is not asked in a tight loop.
	boundFlow(t, []wire{useNonce(400, "n1"), useNonce(400, "n2"), says(200, boundJSON)}, func(t *testing.T, _ Token, err error, at []float64, nonces []string) {
		if err != nil || !slices.Equal(at, []float64{5, 5, 15}) || !slices.Equal(nonces, []string{"", "n1", "n2"}) {
			t.Errorf("%v at %v with %q", err, at, nonces)
		}
	})
}

func proveNewNonce(t *testing.T) {
	script := []wire{useNonce(400, "n1"), says(400, `{"error":"authorization_pending"}`, "DPoP-Nonce", "n2"), pending(), says(200, boundJSON, "DPoP-Nonce", "n3")}
	flow(t, script, func(t *testing.T, s *server, _ time.Time, tok Token, err error) {
		if err != nil {
			t.Fatal(err)
		}
		s.on(tokenURL, says(200, boundJSON))
		if _, err := s.lastClient.Refresh(t.Context(), tok); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range s.to(tokenURL) {
			got = append(got, nonceOf(t, c))
		}
		if want := []string{"", "n1", "n2", "n2", "n3"}; !slices.Equal(got, want) {
			t.Errorf("nonces %q, want %q", got, want)
		}
	}, bound("on", testKey()))
}

func proveProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := testKey()
		endpoint := tokenURL + "?tenant=7"
		s := newServer(t).on(deviceURL, says(200, deviceJSON)).on(endpoint, pending(), says(200, boundJSON))
		c := s.client(bound("on", key), func(c *Config) { c.TokenEndpoint = endpoint })
		tok, err := c.Wait(t.Context(), begin(t, c))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Refresh(t.Context(), tok); err != nil {
			t.Fatal(err)
		}
		seen := map[any]bool{}
		for _, call := range s.to(endpoint) {
			header, claims := openJWT(t, call.header.Get("DPoP"), nil, jose.ES256)
			if header.ExtraHeaders["typ"] != "dpop+jwt" || !header.JSONWebKey.IsPublic() || !key.PublicKey.Equal(header.JSONWebKey.Key) {
				t.Errorf("header %+v", header)
			}
			if claims["htm"] != "POST" || claims["htu"] != tokenURL || int64(claims["iat"].(float64)) != call.at.Unix() || seen[claims["jti"]] {
				t.Errorf("claims %v", claims)
			}
			seen[claims["jti"]] = true
		}
		if s.to(deviceURL)[0].header.Get("DPoP") != "" {
			t.Error("a proof at the device authorization endpoint")
		}
		sum, _ := (&jose.JSONWebKey{Key: key.Public()}).Thumbprint(crypto.SHA256)
		if c.Thumbprint() != base64.RawURLEncoding.EncodeToString(sum) || len(seen) != 3 {
			t.Errorf("thumbprint %q, %d proofs", c.Thumbprint(), len(seen))
		}
	})
}

func proveBearerRefused(t *testing.T) {
	flow(t, []wire{says(200, tokenJSON)}, func(t *testing.T, s *server, _ time.Time, tok Token, err error) {
		wantKind(t, err, Misconfigured)
		if tok.RefreshToken != "rt-1" || tok.RevocationEndpoint != revokeURL || len(s.to(revokeURL)) != 0 {
			t.Errorf("the caller is to decide about %+v, revoked %v", tok, s.to(revokeURL))
		}
	}, bound("on", testKey()))
	s := newServer(t).on(tokenURL, says(200, tokenJSON))
	_, err := s.client(bound("on", testKey())).Refresh(t.Context(), grant())
	if wantKind(t, err, Misconfigured); len(s.to(tokenURL)) != 0 {
		t.Error("a bearer grant was refreshed with dpop on")
	}
}

func proveDPoPAuto(t *testing.T) {
	offers := map[string]any{"dpop_signing_alg_values_supported": []string{"RS256", "ES256"}}
	for _, tt := range []struct {
		mode  string
		meta  map[string]any
		proof bool
	}{{"auto", nil, false}, {"auto", offers, true}, {"off", offers, false}, {"", offers, false}, {"on", nil, true}} {
		synctest.Test(t, func(t *testing.T) {
			called := false
			s := newServer(t).on(deviceURL, says(200, deviceJSON)).on(tokenURL, says(200, boundJSON))
			s.on(issuer+"/.well-known/openid-configuration", says(200, metadataJSON(tt.meta)))
			c := s.client(func(c *Config) {
				c.DPoP, c.DPoPKey = tt.mode, func() (crypto.Signer, error) { called = true; return testKey(), nil }
			})
			if _, err := c.Wait(t.Context(), begin(t, c)); err != nil {
				t.Fatal(err)
			}
			if proof := s.to(tokenURL)[0].header.Get("DPoP") != ""; proof != tt.proof || called != tt.proof {
				t.Errorf("dpop %q with %v: proof %v, key asked for %v", tt.mode, tt.meta, proof, called)
			}
		})
	}
}

// A bound grant stays bound whatever the configuration says now, and needs its key.
func TestBoundGrantNeedsItsKey(t *testing.T) {
	g := grant()
	g.TokenType = "DPoP"
	key := testKey()
	s := newServer(t).on(tokenURL, says(200, boundJSON))
	if _, err := s.client(bound("off", key)).Refresh(t.Context(), g); err != nil || nonceOf(t, s.to(tokenURL)[0]) != "" {
		t.Error(err)
	}
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	for _, edit := range []func(*Config){
		func(*Config) {}, bound("on", p384),
		func(c *Config) {
			c.DPoP, c.DPoPKey = "on", func() (crypto.Signer, error) { return nil, errors.New("sealed") }
		},
	} {
		s := newServer(t).on(tokenURL, says(200, boundJSON))
		c := s.client(edit)
		_, err := c.Refresh(t.Context(), g)
		if wantKind(t, err, Misconfigured); len(s.to(tokenURL)) != 0 || c.Thumbprint() != "" {
			t.Error("went out without a proof")
		}
	}
	// Nor does a poll go on without its key.
	for _, edit := range []func(*Config){bound("on", p384), func(c *Config) {
		c.DPoP, c.DPoPKey = "on", func() (crypto.Signer, error) { return nil, errors.New("sealed") }
	}} {
		flow(t, []wire{says(200, boundJSON)}, func(t *testing.T, s *server, _ time.Time, _ Token, err error) {
			if wantKind(t, err, Misconfigured); len(s.to(tokenURL)) != 0 {
				t.Error("polled without a proof")
			}
		}, edit)
	}
}

// Hydra requires the token endpoint as audience, the other servers take the issuer. Without an issuer there is only
// the token endpoint.
func TestAssertionAudience(t *testing.T) {
	for name, tt := range map[string]struct {
		edit func(*Config)
		want string
	}{
		"default":        {func(*Config) {}, issuer},
		"issuer":         {func(c *Config) { c.ClientAssertionAudience = "issuer" }, issuer},
		"token_endpoint": {func(c *Config) { c.ClientAssertionAudience = "token_endpoint" }, tokenURL},
		"no issuer":      {byHand(func(c *Config) { c.RevocationEndpoint = revokeURL }), tokenURL},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t).on(deviceURL, says(200, deviceJSON)).on(tokenURL, says(200, tokenJSON)).on(revokeURL, says(200, ""))
			c := s.client(credentials("private_key_jwt"), tt.edit)
			tok, err := c.Wait(t.Context(), begin(t, c))
			if err != nil {
				t.Fatal(err)
			}
			if tok, err = c.Refresh(t.Context(), tok); err != nil {
				t.Fatal(err)
			}
			if err := c.Revoke(t.Context(), tok); err != nil {
				t.Fatal(err)
			}
			for _, url := range []string{deviceURL, tokenURL, revokeURL} {
				for _, call := range s.to(url) {
					if _, claims := openJWT(t, call.form.Get("client_assertion"), c.cfg.ClientKey.Public(), jose.ES256); claims["aud"] != tt.want {
						t.Errorf("%s: at %s the audience is %v", name, url, claims["aud"])
					}
				}
			}
			if len(s.to(tokenURL)) != 2 || len(s.to(revokeURL)) != 1 {
				t.Errorf("%s: %d requests", name, len(s.calls))
			}
		})
	}
}

// weakRSAKey has 1024 bits. crypto/rsa makes none, so it is made of two primes.
func weakRSAKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	one, e := big.NewInt(1), big.NewInt(65537)
	for {
		p, err := rand.Prime(rand.Reader, 512)
		if err != nil {
			t.Fatal(err)
		}
		q, err := rand.Prime(rand.Reader, 512)
		if err != nil {
			t.Fatal(err)
		}
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		d := new(big.Int).ModInverse(e, phi)
		n := new(big.Int).Mul(p, q)
		if d == nil || n.BitLen() != 1024 {
			continue
		}
		return &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: 65537}, D: d, Primes: []*big.Int{p, q}}
	}
}

func strongRSAKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
