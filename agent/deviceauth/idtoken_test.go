package deviceauth

import (
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// account makes ID tokens.
type account struct {
	key *ecdsa.PrivateKey
	kid string
}

func newAccount() account { return account{testKey(), "k1"} }

// idToken is a good one now, with more put over its claims; nil removes.
func (a account) idToken(more map[string]any) string {
	claims := map[string]any{
		"iss": issuer, "aud": "printer", "sub": "u-1", "name": "Alice",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	maps.Copy(claims, more)
	for k, v := range claims {
		if v == nil {
			delete(claims, k)
		}
	}
	jwt, err := sign(a.key, jose.ES256, (&jose.SignerOptions{}).WithHeader("kid", a.kid), claims)
	if err != nil {
		panic(err)
	}
	return jwt
}

// keys is the issuer's JWK Set, with keys in it that nobody understands.
func (a account) keys() string {
	k, _ := json.Marshal(jose.JSONWebKey{Key: a.key.Public(), KeyID: a.kid, Algorithm: "ES256", Use: "sig"})
	return `{"keys":[{"kty":"AKP","alg":"ML-DSA-65","kid":"pq"},{"kty":"oct","k":"c2VjcmV0","kid":"k1"},{"kty":"RSA"},7,` + string(k) + `]}`
}

func answerWith(idToken string) wire {
	return says(200, fmt.Sprintf(`{"access_token":"at-1","token_type":"Bearer","refresh_token":"rt-1","expires_in":3600,"id_token":%q}`, idToken))
}

// pairWith runs a flow that ends with this ID token.
func pairWith(t *testing.T, make func(a account) string, check func(t *testing.T, s *server, tok Token, err error), edit ...func(*server, account)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a := newAccount()
		s := newServer(t).on(deviceURL, says(200, deviceJSON)).on(keysURL, says(200, a.keys()))
		for _, e := range edit {
			e(s, a)
		}
		c := s.client()
		p := begin(t, c)
		time.Sleep(time.Minute)
		s.on(tokenURL, answerWith(make(a)))
		tok, err := c.Wait(t.Context(), p)
		check(t, s, tok, err)
	})
}

func proveIDToken(t *testing.T) {
	now := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	for _, tt := range []struct {
		name string
		make func(a account) string
		says string // "" if it is taken
	}{
		{"good", func(a account) string { return a.idToken(nil) }, ""},
		{"several audiences with azp", func(a account) string {
			return a.idToken(map[string]any{"aud": []string{"api", "printer"}, "azp": "printer"})
		}, ""},
		{"ended within the leeway", func(a account) string { return a.idToken(map[string]any{"exp": now(-time.Minute)}) }, ""},
		{"issued within the leeway", func(a account) string { return a.idToken(map[string]any{"iat": now(time.Minute)}) }, ""},
		{"iss", func(a account) string { return a.idToken(map[string]any{"iss": "https://other.example"}) }, "different provider"},
		{"iss with a slash", func(a account) string { return a.idToken(map[string]any{"iss": issuer + "/"}) }, "different provider"},
		{"aud", func(a account) string { return a.idToken(map[string]any{"aud": "other"}) }, "audience"},
		{"no aud", func(a account) string { return a.idToken(map[string]any{"aud": nil}) }, "audience"},
		{"azp of another", func(a account) string { return a.idToken(map[string]any{"azp": "other"}) }, "azp"},
		{"azp of another kind", func(a account) string { return a.idToken(map[string]any{"azp": 7}) }, "azp"},
		{"several audiences", func(a account) string { return a.idToken(map[string]any{"aud": []string{"api", "printer"}}) }, "azp"},
		{"signature of another key", func(a account) string { return account{testKey(), "k1"}.idToken(nil) }, "no key of the issuer"},
		{"signature cut", func(a account) string { return a.idToken(nil)[:200] }, ""},
		{"none", func(a account) string { return "eyJhbGciOiJub25lIn0." + strings.Split(a.idToken(nil), ".")[1] + "." }, "malformed"},
		{"not a JWT", func(a account) string { return "hello" }, "malformed"},
		{"exp", func(a account) string { return a.idToken(map[string]any{"exp": now(-time.Hour)}) }, "it ended at"},
		{"no exp", func(a account) string { return a.idToken(map[string]any{"exp": nil}) }, "it ended at"},
		{"iat", func(a account) string { return a.idToken(map[string]any{"iat": now(time.Hour)}) }, "in the future"},
		{"no iat", func(a account) string { return a.idToken(map[string]any{"iat": nil}) }, "no iat"},
		{"no sub", func(a account) string { return a.idToken(map[string]any{"sub": nil}) }, "no sub"},
		{"claims of the wrong kind", func(a account) string { return a.idToken(map[string]any{"sub": []int{1}}) }, "claims"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			pairWith(t, tt.make, func(t *testing.T, s *server, tok Token, err error) {
				if tt.says == "" && tt.name != "signature cut" {
					if err != nil || tok.Subject != "u-1" || tok.Name != "Alice" || tok.IDToken == "" || tok.Claims["sub"] != "u-1" {
						t.Errorf("got %+v, %v", tok, err)
					}
					return
				}
				e := wantKind(t, err, Server)
				if !strings.Contains(e.Detail, tt.says) || len(s.to(tokenURL)) != 1 {
					t.Errorf("says %q, not %q; %d polls", e.Detail, tt.says, len(s.to(tokenURL)))
				}
				if got := s.to(revokeURL); len(got) != 1 || got[0].form.Get("token") != "rt-1" {
					t.Errorf("the refused grant was not given back: %v", got)
				}
			})
		})
	}
}

// With an issuer and a jwks_uri by hand ID tokens are checked, and Google's two spellings are one issuer.
func TestIDTokenWithEndpointsByHand(t *testing.T) {
	for name, tt := range map[string]struct{ issuer, iss, subject string }{
		"own":     {issuer, issuer, "u-1"},
		"Google":  {"https://accounts.google.com", "accounts.google.com", "u-1"},
		"foreign": {issuer, "as.example", ""},
	} {
		a := newAccount()
		s := newServer(t).on(keysURL, says(200, a.keys())).on(tokenURL, answerWith(a.idToken(map[string]any{"iss": tt.iss})))
		g := grant()
		g.Issuer = tt.issuer
		tok, err := s.client(byHand(), func(c *Config) { c.Issuer, c.JWKSURI = tt.issuer, keysURL }).Refresh(t.Context(), g)
		if err != nil || tok.Subject != tt.subject {
			t.Errorf("%s: %+v, %v", name, tok, err)
		}
	}
}

// "an ID token that cannot be checked is ignored, with a log line"
func proveUncheckedIDToken(t *testing.T) {
	flow(t, []wire{answerWith("eyJ.x.y")}, func(t *testing.T, s *server, _ time.Time, tok Token, err error) {
		if err != nil || tok.AccessToken != "at-1" || tok.IDToken != "" || tok.Subject != "" {
			t.Errorf("by hand: %+v, %v", tok, err)
		}
	}, byHand())
	for _, trouble := range []wire{says(500, ""), says(200, "<html>"), {err: errors.New("down")}, says(200, strings.Repeat(" ", 70<<10)+`{"keys":[]}`)} {
		pairWith(t, func(a account) string { return a.idToken(nil) }, func(t *testing.T, s *server, tok Token, err error) {
			if err != nil || tok.AccessToken != "at-1" || tok.IDToken != "" {
				t.Errorf("without keys: %+v, %v", tok, err)
			}
			if n := len(s.to(keysURL)); n != 4 {
				t.Errorf("asked %d times for the keys", n)
			}
		}, func(s *server, _ account) { s.on(keysURL, trouble) })
	}
	// The keys come back while the user waits.
	pairWith(t, func(a account) string { return a.idToken(nil) }, func(t *testing.T, s *server, tok Token, err error) {
		if err != nil || tok.Subject != "u-1" {
			t.Errorf("%+v, %v", tok, err)
		}
	}, func(s *server, a account) { s.on(keysURL, says(500, ""), says(500, ""), says(200, a.keys())) })
}

// Tokens do not wait for keys: they are there before the answer comes, and only a new key is fetched after it.
func TestKeysAreFetchedAhead(t *testing.T) {
	pairWith(t, func(a account) string { return a.idToken(nil) }, func(t *testing.T, s *server, tok Token, err error) {
		if err != nil || len(s.to(keysURL)) != 1 || !s.to(keysURL)[0].at.Before(s.to(tokenURL)[0].at) {
			t.Fatalf("%v, keys fetched %d times", err, len(s.to(keysURL)))
		}
		rotated := account{testKey(), "k2"}
		s.on(keysURL, says(200, rotated.keys())).on(tokenURL, answerWith(rotated.idToken(nil)))
		fresh, err := s.lastClient.Refresh(t.Context(), tok)
		if err != nil || fresh.IDToken == tok.IDToken || len(s.to(keysURL)) != 2 {
			t.Errorf("%v, keys fetched %d times", err, len(s.to(keysURL)))
		}
	})
}

func proveSameSubject(t *testing.T) {
	pairWith(t, func(a account) string { return a.idToken(nil) }, func(t *testing.T, s *server, tok Token, err error) {
		if err != nil {
			t.Fatal(err)
		}
		a := account{testKey(), "k3"}
		s.on(keysURL, says(200, a.keys()))
		s.on(tokenURL, answerWith(a.idToken(map[string]any{"sub": "mallory"})))
		fresh, err := s.lastClient.Refresh(t.Context(), tok)
		if err != nil || fresh.Subject != "u-1" || fresh.IDToken != tok.IDToken {
			t.Errorf("took another subject: %+v, %v", fresh, err)
		}
		s.on(tokenURL, answerWith(a.idToken(map[string]any{"name": "Alice B."})))
		if fresh, err = s.lastClient.Refresh(t.Context(), tok); err != nil || fresh.Name != "Alice B." || fresh.IDToken == tok.IDToken {
			t.Errorf("did not take the new name: %+v, %v", fresh, err)
		}
		tok.Subject = "" // a server that gave no ID token at first
		s.on(tokenURL, answerWith(a.idToken(map[string]any{"sub": "u-7"})))
		if fresh, err = s.lastClient.Refresh(t.Context(), tok); err != nil || fresh.Subject != "u-7" {
			t.Errorf("did not take the first subject: %+v, %v", fresh, err)
		}
	})
}

func proveRefreshedIDToken(t *testing.T) {
	g := grant()
	g.IDToken, g.Subject, g.Name = "old.id.token", "u-1", "Alice"
	for name, raw := range map[string]string{"foreign": newAccount().idToken(map[string]any{"iss": "https://evil.example"}), "broken": "x", "none": ""} {
		s := newServer(t).on(tokenURL, answerWith(raw)).on(keysURL, says(200, newAccount().keys()))
		tok, err := s.client().Refresh(t.Context(), g)
		if err != nil || tok.AccessToken != "at-1" || tok.RefreshToken != "rt-1" || tok.IDToken != "old.id.token" || tok.Subject != "u-1" || tok.Name != "Alice" {
			t.Errorf("%s: %+v, %v", name, tok, err)
		}
	}
}

func proveName(t *testing.T) {
	for _, tt := range []struct {
		claims map[string]any
		want   string
	}{
		{map[string]any{"name": "Alice", "preferred_username": "al", "email": "a@x", "sub": "1"}, "Alice"},
		{map[string]any{"preferred_username": "al", "email": "a@x", "sub": "1"}, "al"},
		{map[string]any{"email": "a@x", "sub": "1"}, "a@x"},
		{map[string]any{"sub": "1"}, "1"},
		{map[string]any{"name": "\u202e\u0000\n", "email": 7, "sub": "1"}, "1"},
		{map[string]any{"name": " A\x1b[31mlice\u2066\r\n "}, "A[31mlice"},
		{map[string]any{"name": "Zoë Грета 李"}, "Zoë Грета 李"},
		{map[string]any{"name": strings.Repeat("é", 200)}, strings.Repeat("é", 128) + "…"},
		{nil, ""},
	} {
		if got := displayName(tt.claims); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.claims, got, tt.want)
		}
	}
}
