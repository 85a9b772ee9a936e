package deviceauth

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
)

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
	flow(t, []wire{says(200, tokenJSON)}, func(t *testing.T, s *server, _ time.Time, tok Token, err error) {
		offersUserinfo(answer)(s, account{})
		if tok, err = s.lastClient.Verify(t.Context(), tok); err != nil || tok.Name != "" || len(s.to(userinfoURL)) != 0 {
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
