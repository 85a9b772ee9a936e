package deviceauth

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
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

// keys is the issuer's JWK Set, with entries in it that are not understood.
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
		if err != nil || tok.Verified || tok.IDToken == "" || tok.Subject != "" {
			t.Fatalf("Wait gave %+v, %v", tok, err)
		}
		if n := len(s.to(keysURL)); n != 0 {
			t.Errorf("Wait asked %d times for keys", n)
		}
		tok, err = c.Verify(t.Context(), tok)
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
					if err != nil || !tok.Verified || tok.Subject != "u-1" || tok.Name != "Alice" || tok.IDToken == "" || tok.Claims["sub"] != "u-1" {
						t.Errorf("got %+v, %v", tok, err)
					}
					return
				}
				e := wantKind(t, err, Server)
				if !strings.Contains(e.Detail, tt.says) || e.Later || len(s.to(tokenURL)) != 1 {
					t.Errorf("says %q, not %q; %d polls", e.Detail, tt.says, len(s.to(tokenURL)))
				}
				if tok.Verified || tok.RefreshToken != "rt-1" || tok.Subject != "" || len(s.to(revokeURL)) != 0 {
					t.Errorf("the caller is to decide about %+v, revoked %v", tok, s.to(revokeURL))
				}
			})
		})
	}
}

// refreshed is a refresh and the verification of what came.
func refreshed(t *testing.T, c *Client, g Token) (Token, error) {
	t.Helper()
	tok, err := c.Refresh(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	return c.Verify(t.Context(), tok)
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
		tok, err := refreshed(t, s.client(byHand(), func(c *Config) { c.Issuer, c.JWKSURI = tt.issuer, keysURL }), g)
		if (err == nil) != (tt.subject != "") || tok.Subject != tt.subject || tok.RefreshToken != "rt-1" {
			t.Errorf("%s: %+v, %v", name, tok, err)
		}
	}
}

// "an ID token that cannot be checked is ignored, with a log line"; one whose keys are away waits for them.
func proveUncheckedIDToken(t *testing.T) {
	flow(t, []wire{answerWith("eyJ.x.y")}, func(t *testing.T, s *server, _ time.Time, tok Token, err error) {
		if err != nil || tok.AccessToken != "at-1" || tok.IDToken != "eyJ.x.y" || tok.Verified {
			t.Errorf("by hand: %+v, %v", tok, err)
		}
		tok, err = s.lastClient.Verify(t.Context(), tok)
		if err != nil || tok.AccessToken != "at-1" || tok.IDToken != "" || tok.Subject != "" || !tok.Verified {
			t.Errorf("by hand: %+v, %v", tok, err)
		}
	}, byHand())
	for _, tt := range []struct {
		failure wire
		kind    Kind
	}{
		{says(500, ""), Server}, {says(404, ""), Server}, {says(200, "<html>"), CaptivePortal}, {says(200, `{"a":1}`), Server},
		{wire{err: errors.New("down")}, NoNetwork}, {wire{err: tls.RecordHeaderError{}}, TLS},
		{says(200, strings.Repeat(" ", 70<<10)+`{"keys":[]}`), Server},
	} {
		pairWith(t, func(a account) string { return a.idToken(nil) }, func(t *testing.T, s *server, tok Token, err error) {
			if e := wantKind(t, err, tt.kind); !e.Later || e.Op != "ID token" {
				t.Errorf("without keys: %+v", e)
			}
			if n := len(s.to(keysURL)); n != 1 || tok.Verified || tok.IDToken == "" || tok.Subject != "" || tok.RefreshToken != "rt-1" {
				t.Errorf("without keys: %+v, asked %d times for them", tok, n)
			}
		}, func(s *server, _ account) { s.on(keysURL, tt.failure) })
	}
	// The keys come back.
	pairWith(t, func(a account) string { return a.idToken(nil) }, func(t *testing.T, s *server, tok Token, err error) {
		if e := wantKind(t, err, Server); !e.Later {
			t.Errorf("%+v", e)
		}
		if tok, err = s.lastClient.Verify(t.Context(), tok); err != nil || tok.Subject != "u-1" || !tok.Verified {
			t.Errorf("%+v, %v", tok, err)
		}
	}, func(s *server, a account) { s.on(keysURL, says(500, ""), says(200, a.keys())) })
}

// Neither the cache nor an unset clock lets an ID token pass or fail: it waits for metadata from the server.
func TestVerifyWaitsForTrustedMetadata(t *testing.T) {
	a := newAccount()
	planted := &memoryCache{body: []byte(metadataJSON(map[string]any{"jwks_uri": "https://evil.example/keys"}))}
	s := newServer(t).on("https://evil.example/keys", says(200, a.keys()))
	s.on(issuer+"/.well-known/openid-configuration", says(503, ""))
	tok := grant()
	tok.IDToken = a.idToken(nil)
	_, err := s.client(cached(planted)).Verify(t.Context(), tok)
	if e := wantKind(t, err, Server); !e.Later || len(s.to("https://evil.example/keys")) != 0 {
		t.Errorf("%+v", e)
	}
	for _, edit := range []func(*Config){func(*Config) {}, byHand(func(c *Config) { c.Issuer, c.JWKSURI = issuer, keysURL })} {
		s := newServer(t).on(keysURL, says(200, a.keys()))
		_, err = s.client(edit, func(c *Config) { c.ClockSet = func() bool { return false } }).Verify(t.Context(), tok)
		if e := wantKind(t, err, ClockUnset); !e.Later || len(s.calls) != 0 {
			t.Errorf("%+v", e)
		}
	}
}

// A token that is verified, or has nothing to verify, needs no request.
func TestVerifyWithNothingToDo(t *testing.T) {
	s := newServer(t)
	tok, err := s.client().Verify(t.Context(), grant())
	if err != nil || !tok.Verified {
		t.Errorf("%+v, %v", tok, err)
	}
	tok.IDToken, tok.Subject = "old.id.token", "u-1"
	if again, err := s.client().Verify(t.Context(), tok); err != nil || again.IDToken != tok.IDToken || len(s.calls) != 0 {
		t.Errorf("%+v, %v after %d requests", again, err, len(s.calls))
	}
}

// Keys are fetched when a new one is needed, and not before.
func TestKeysAreFetchedWhenTheyRotate(t *testing.T) {
	pairWith(t, func(a account) string { return a.idToken(nil) }, func(t *testing.T, s *server, tok Token, err error) {
		if err != nil || len(s.to(keysURL)) != 1 {
			t.Fatalf("%v, keys fetched %d times", err, len(s.to(keysURL)))
		}
		for range 2 {
			rotated := account{testKey(), "k2"}
			n := len(s.to(keysURL))
			s.on(keysURL, says(200, rotated.keys())).on(tokenURL, answerWith(rotated.idToken(nil)))
			for range 2 {
				fresh, err := refreshed(t, s.lastClient, tok)
				if err != nil || fresh.IDToken == tok.IDToken || len(s.to(keysURL)) != n+1 {
					t.Errorf("%v, keys fetched %d times", err, len(s.to(keysURL)))
				}
			}
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
		fresh, err := refreshed(t, s.lastClient, tok)
		if e := wantKind(t, err, Server); e.Later || fresh.Subject != "u-1" || fresh.Verified {
			t.Errorf("took another subject: %+v, %v", fresh, err)
		}
		s.on(tokenURL, answerWith(a.idToken(map[string]any{"name": "Alice B."})))
		if fresh, err = refreshed(t, s.lastClient, tok); err != nil || fresh.Name != "Alice B." || fresh.IDToken == tok.IDToken || !fresh.Verified {
			t.Errorf("did not take the new name: %+v, %v", fresh, err)
		}
		tok.Subject = "" // a server that gave no ID token at first
		s.on(tokenURL, answerWith(a.idToken(map[string]any{"sub": "u-7"})))
		if fresh, err = refreshed(t, s.lastClient, tok); err != nil || fresh.Subject != "u-7" {
			t.Errorf("did not take the first subject: %+v, %v", fresh, err)
		}
	})
}

// What a refreshed ID token says is not known before Verify; the rotated tokens are there at once.
func proveRefreshedIDToken(t *testing.T) {
	g := grant()
	g.IDToken, g.Subject, g.Name, g.Verified = "old.id.token", "u-1", "Alice", true
	for name, raw := range map[string]string{"foreign": newAccount().idToken(map[string]any{"iss": "https://evil.example"}), "broken": "x", "none": ""} {
		s := newServer(t).on(tokenURL, answerWith(raw)).on(keysURL, says(200, newAccount().keys()))
		c := s.client()
		tok, err := c.Refresh(t.Context(), g)
		if err != nil || tok.AccessToken != "at-1" || tok.RefreshToken != "rt-1" || tok.Subject != "u-1" || tok.Name != "Alice" || len(s.calls) != 1 {
			t.Errorf("%s: %+v, %v after %d requests", name, tok, err, len(s.calls))
		}
		if raw == "" && (tok.IDToken != "old.id.token" || !tok.Verified) || raw != "" && (tok.IDToken != raw || tok.Verified) {
			t.Errorf("%s: ID token %q, verified %v", name, tok.IDToken, tok.Verified)
		}
		after, err := c.Verify(t.Context(), tok)
		if (err == nil) != (raw == "") || after.Verified != (raw == "") || after.RefreshToken != "rt-1" || after.Subject != "u-1" || after.Name != "Alice" {
			t.Errorf("%s: %+v, %v", name, after, err)
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
		sub, _ := tt.claims["sub"].(string)
		c := Config{}.withDefaults()
		if got := c.nameOrSubject(c.accountName(tt.claims), sub); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.claims, got, tt.want)
		}
	}
}

// The name is the first that the panel can draw; a name in another script comes before none at all.
func TestNameThatThePanelDraws(t *testing.T) {
	c := Config{Draws: func(s string) bool { return !strings.ContainsAny(s, "李Γ") }}.withDefaults()
	for _, tt := range []struct {
		claims map[string]any
		want   string
	}{
		{map[string]any{"name": "李", "preferred_username": "li", "sub": "1"}, "li"},
		{map[string]any{"name": "李", "email": "li@x", "sub": "1"}, "li@x"},
		{map[string]any{"name": "李", "sub": "1"}, "1"},
		{map[string]any{"name": "李", "sub": "Γ"}, "李"},
	} {
		if got := c.nameOrSubject(c.accountName(tt.claims), tt.claims["sub"].(string)); got != tt.want {
			t.Errorf("%v: %q, want %q", tt.claims, got, tt.want)
		}
	}
}

// An RSA key below 2048 bits verifies nothing.
func TestShortRSAKeyVerifiesNothing(t *testing.T) {
	for bits, good := range map[int]bool{1024: false, 2048: true} {
		key := weakRSAKey(t)
		if bits != 1024 {
			key, _ = rsa.GenerateKey(rand.Reader, bits)
		}
		raw, err := json.Marshal(jose.JSONWebKey{Key: key.Public(), KeyID: "k1", Algorithm: "RS256", Use: "sig"})
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now().Unix()
		signed, err := sign(key, jose.RS256, (&jose.SignerOptions{}).WithHeader("kid", "k1"),
			map[string]any{"iss": issuer, "aud": "printer", "sub": "u-1", "iat": now, "exp": now + 60})
		if err != nil {
			t.Fatal(err)
		}
		s := newServer(t).on(keysURL, says(200, `{"keys":[`+string(raw)+`]}`))
		tok := grant()
		tok.IDToken = signed
		if _, err = s.client().Verify(t.Context(), tok); (err == nil) != good {
			t.Errorf("%d bits: %v", bits, err)
		}
	}
}

const userinfoURL = issuer + "/userinfo"

// offersUserinfo gives the metadata a userinfo endpoint with these answers.
func offersUserinfo(answers ...wire) func(*server, account) {
	return func(s *server, _ account) {
		s.on(issuer+"/.well-known/openid-configuration", says(200, metadataJSON(map[string]any{"userinfo_endpoint": userinfoURL})))
		s.on(userinfoURL, answers...)
	}
}

func nameless(a account) string { return a.idToken(map[string]any{"name": nil}) }

// Zitadel and Authelia put names only at the userinfo endpoint: one GET with the access token. Whatever it brings, the
// pairing goes on.
func TestUserinfoName(t *testing.T) {
	for about, tt := range map[string]struct {
		answer wire
		name   string
	}{
		"Zitadel":            {says(200, `{"sub":"u-1","name":"Alice Example","preferred_username":"alice@x","locale":null}`), "Alice Example"},
		"Authelia":           {says(200, `{"sub":"u-1","preferred_username":"alice","rat":1}`), "alice"},
		"an address":         {says(200, `{"sub":"u-1","name":"","email":"a@x"}`), "a@x"},
		"control characters": {says(200, `{"sub":"u-1","name":"\u202eAl\u001b[31mice"}`), "Al[31mice"},
		"no name there":      {says(200, `{"sub":"u-1"}`), "u-1"},
		"another account":    {says(200, `{"sub":"u-2","name":"Mallory"}`), "u-1"},
		"no sub":             {says(200, `{"name":"Mallory"}`), "u-1"},
		"another spelling":   {says(200, `{"SUB":"u-1","sub":7,"name":"Mallory"}`), "u-1"},
		"signed":             {says(200, `eyJhbGciOiJFUzI1NiJ9.e30.x`, "Content-Type", "application/jwt"), "u-1"},
		"refused":            {says(401, `{"error":"invalid_token"}`, "WWW-Authenticate", `Bearer error="invalid_token"`), "u-1"},
		"unavailable":        {says(503, "", "Retry-After", "1"), "u-1"},
		"moved":              {says(404, ""), "u-1"},
		"led away":           {says(302, "", "Location", "https://evil.example/"), "u-1"},
		"too long":           {says(200, strings.Repeat(" ", 70<<10)+`{"sub":"u-1","name":"Alice"}`), "u-1"},
		"no network":         {wire{err: errors.New("down")}, "u-1"},
		"hanging":            {wire{err: errors.New("never"), after: time.Hour}, "u-1"},
	} {
		pairWith(t, nameless, func(t *testing.T, s *server, tok Token, err error) {
			if err != nil || tok.Name != tt.name || tok.Subject != "u-1" || !tok.Verified || tok.UserinfoEndpoint != userinfoURL || tok.Claims["email"] != nil {
				t.Errorf("%s: %+v, %v", about, tok, err)
			}
			calls := s.to(userinfoURL)
			if len(calls) != 1 || calls[0].method != "GET" || calls[0].header.Get("Authorization") != "Bearer at-1" || calls[0].header.Get("DPoP") != "" || calls[0].raw != "" {
				t.Errorf("%s: asked %+v", about, calls)
			}
			if took := time.Since(calls[0].at); took > 5*time.Second {
				t.Errorf("%s: waited %v", about, took)
			}
		}, offersUserinfo(tt.answer))
	}
}

// Where the access token goes for a name is sealed with the grant: what the metadata cache says does not decide it.
func TestUserinfoGoesToTheSealedEndpoint(t *testing.T) {
	const evil = "https://evil.example/userinfo"
	planted := &memoryCache{body: []byte(metadataJSON(map[string]any{"userinfo_endpoint": evil}))}
	c := newServer(t).client(cached(planted))
	g := grant()
	g.UserinfoEndpoint = userinfoURL
	if got := c.sealed(g).UserinfoEndpoint; got != userinfoURL {
		t.Errorf("it would go to %s", got)
	}
	if got := c.sealed(grant()).UserinfoEndpoint; got != "" {
		t.Errorf("nothing is sealed, and it would go to %s", got)
	}
}

// Without an ID token, with a name in it, without the endpoint and at a refresh nothing is asked.
func TestUserinfoIsNotAsked(t *testing.T) {
	answer := says(200, `{"sub":"u-1","name":"Bob"}`)
	pairWith(t, func(a account) string { return a.idToken(nil) }, func(t *testing.T, s *server, tok Token, err error) {
		if err != nil || tok.Name != "Alice" || len(s.to(userinfoURL)) != 0 {
			t.Errorf("a name in the ID token: %+v, %v", tok, err)
		}
	}, offersUserinfo(answer))
	pairWith(t, nameless, func(t *testing.T, s *server, tok Token, err error) {
		if err != nil || tok.Name != "u-1" || len(s.to(userinfoURL)) != 0 {
			t.Errorf("no endpoint: %+v, %v", tok, err)
		}
	})
	pairWith(t, func(a account) string { return a.idToken(map[string]any{"name": nil, "iss": "https://evil.example"}) }, func(t *testing.T, s *server, _ Token, err error) {
		if wantKind(t, err, Server); len(s.to(userinfoURL)) != 0 {
			t.Error("an ID token that is refused")
		}
	}, offersUserinfo(answer))
	flow(t, []wire{says(200, tokenJSON)}, func(t *testing.T, s *server, _ time.Time, tok Token, _ error) {
		offersUserinfo(answer)(s, account{})
		tok, err := s.lastClient.Verify(t.Context(), tok)
		if err != nil || tok.Name != "" || len(s.to(userinfoURL)) != 0 {
			t.Errorf("no ID token: %+v, %v", tok, err)
		}
	})
	// The name of the pairing stays where the refreshed ID token has none.
	pairWith(t, nameless, func(t *testing.T, s *server, tok Token, err error) {
		if err != nil || tok.Name != "Bob" {
			t.Fatalf("%+v, %v", tok, err)
		}
		a := account{testKey(), "k2"}
		s.on(keysURL, says(200, a.keys())).on(tokenURL, answerWith(nameless(a)))
		fresh, err := refreshed(t, s.lastClient, tok)
		if err != nil || fresh.Name != "Bob" || fresh.IDToken == tok.IDToken || len(s.to(userinfoURL)) != 1 {
			t.Errorf("%+v, %v", fresh, err)
		}
	}, offersUserinfo(answer))
}

// The request of a bound grant is bound too, to the access token by its hash (RFC 9449 sections 4.2 and 7.1).
func TestUserinfoOfABoundGrant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, key := newAccount(), testKey()
		s := newServer(t).on(keysURL, says(200, a.keys()))
		offersUserinfo(says(200, `{"sub":"u-1","name":"Alice"}`))(s, a)
		tok := grant()
		tok.TokenType, tok.IDToken = "DPoP", nameless(a)
		tok, err := s.client(bound("on", key)).Verify(t.Context(), tok)
		if err != nil || tok.Name != "Alice" {
			t.Fatalf("%+v, %v", tok, err)
		}
		call := s.to(userinfoURL)[0]
		_, claims := openJWT(t, call.header.Get("DPoP"), &key.PublicKey, jose.ES256)
		sum := sha256.Sum256([]byte("at-0"))
		if call.header.Get("Authorization") != "DPoP at-0" || claims["htm"] != "GET" || claims["htu"] != userinfoURL || claims["ath"] != base64.RawURLEncoding.EncodeToString(sum[:]) {
			t.Errorf("%v with %v", call.header, claims)
		}
	})
}
