package deviceauth

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// spelled are the ways in which a server may quote a value of a request.
func spelled(v string) map[string]string {
	quoted, _ := json.Marshal(v)
	cut := v
	if n := len(v) * 3 / 4; n >= leastQuote { // a word shorter than that is not taken for a piece of a secret
		cut = v[:n]
	}
	return map[string]string{
		"raw": v, "in JSON": string(quoted), "form-encoded": url.QueryEscape(v), "path-encoded": url.PathEscape(v),
		"form-encoded, small": lowerHex(url.QueryEscape(v)),
		"with a control":      v[:len(v)/2] + "\x07" + v[len(v)/2:], "cut": cut,
	}
}

// Whatever a server quotes of a request, nothing secret comes back in an error: form values, the Basic field and what is
// in it, assertions and proofs, whole, cut, in parts and in each encoding.
func TestQuotedSecretsAreWithheld(t *testing.T) {
	const refreshToken = "rt/secret+value=with%odd&signs.0123456789"
	for _, auth := range []string{"none", "basic", "post", "private_key_jwt"} {
		for how := range spelled("x") {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t)
				var secrets []string
				s.handle = func(c call) (wire, bool) {
					if c.method == "GET" {
						return wire{}, false
					}
					basic := strings.TrimPrefix(c.header.Get("Authorization"), "Basic ")
					secrets = []string{refreshToken, c.header.Get("DPoP"), basic, c.form.Get("client_secret"), c.form.Get("client_assertion")}
					for _, jwt := range []string{c.header.Get("DPoP"), c.form.Get("client_assertion")} {
						secrets = append(secrets, strings.Split(jwt, ".")...)
					}
					secrets = slices.DeleteFunc(secrets, func(s string) bool { return s == "" })
					secret := secrets[len(s.calls)%len(secrets)] // one at a time, or the rest would be cut off
					body, _ := json.Marshal(map[string]string{"error": "invalid_grant", "error_description": "got <" + spelled(secret)[how] + ">, why?"})
					return says(400, string(body)), true
				}
				c := s.client(bound("on", testKey()), credentials(auth))
				g := grant()
				g.TokenType, g.RefreshToken = "DPoP", refreshToken
				for range 16 {
					_, err := c.Refresh(t.Context(), g)
					e := wantKind(t, err, Gone)
					for _, secret := range secrets {
						for spelling, text := range spelled(secret) {
							if strings.Contains(e.Detail, text) {
								t.Errorf("%s, %s: says %q, which holds the %s %q", auth, how, e.Detail, spelling, text)
							}
						}
					}
					if !strings.Contains(e.Detail, "...") {
						t.Errorf("%s, %s: says %q", auth, how, e.Detail)
					}
				}
			})
		}
	}
}

// What a server says is shown in the characters that RFC 6749 appendix A allows, on one line.
func TestErrorDescriptionIsLegal(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                               "plain",
		"two\r\nlines\tand  blanks":           "two lines and blanks",
		"\x1b[31mred\u202e":                   "[31mred",
		`a "quoted" \ backslash`:              "a 'quoted' ? backslash",
		"Gerät":                               "Ger?t",
		"see https://as.example/e?code=1#x .": "see https://as.example/e .",
		strings.Repeat("x", 200):              strings.Repeat("x", 160) + "...",
		"\xff\xfe":                            "",
	} {
		if got := errorDescription(in, nil); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// Strings of a server that reach an error keep to their characters too.
func TestServersStringsAreLegal(t *testing.T) {
	odd := "\x1b[31m\u202eäöü\"\\"
	body := func(m map[string]any) string { b, _ := json.Marshal(m); return string(b) }
	s := newServer(t).on(tokenURL, says(200, body(map[string]any{"access_token": "a", "token_type": odd, "refresh_token": "r"})))
	_, wrongType := s.client().Refresh(t.Context(), grant())
	s = newServer(t).on(issuer+"/.well-known/openid-configuration", says(200, metadataJSON(map[string]any{"issuer": "https://" + odd})))
	_, wrongIssuer := s.client().Metadata(t.Context())
	for _, err := range []error{wrongType, wrongIssuer} {
		if err == nil || strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("says %q", err)
		}
	}
}

// A subject that a status could not show refuses the ID token (OpenID Connect Core section 2).
func TestSubjectIsLegal(t *testing.T) {
	for sub, good := range map[string]bool{
		"u-1": true, "auth0|5f7c8ec7c33c6c004bbafe82": true, strings.Repeat("x", 255): true, strings.Repeat("x", 256): false,
		"a\nb": false, "\x1b[31m": false, "a\u202eb": false,
	} {
		pairWith(t, func(a account) string { return a.idToken(map[string]any{"sub": sub}) }, func(t *testing.T, _ *server, tok Token, err error) {
			if (err == nil) != good || good && tok.Subject != sub {
				t.Errorf("sub %q: %v", sub, err)
			}
		})
	}
}

func TestSecretsOfKeepWhatIsPublic(t *testing.T) {
	s := secretsOf(url.Values{"client_id": {"kitchen-printer"}, "scope": {"openid offline_access"}, "refresh_token": {"abcdefghijklmnop"}}, http.Header{}, "")
	const text = "client kitchen-printer has no scope offline_access for ghijklmnop or abcdefghijkl"
	if got, want := s.redact(text), "client kitchen-printer has no scope offline_access for ghijklmnop or ..."; got != want {
		t.Errorf("%q", got)
	}
	if got := fmt.Sprint(secretsOf(nil, http.Header{}, "")); got != "[]" {
		t.Error(got)
	}
}
