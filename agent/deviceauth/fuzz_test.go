package deviceauth

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/cryptosigner"

	"github.com/paird/paird/agent/internal/oneline"
)

// seed adds each body.
func seed(f *testing.F, bodies ...string) {
	for _, b := range bodies {
		f.Add([]byte(b))
	}
}

func FuzzDevice(f *testing.F) {
	seed(f, deviceJSON, usualDevice+"}", "device_code=a&user_code=b&verification_uri=https%3A%2F%2Fx.example&interval=5", `{"expires_in":1e999}`, "null", "{")
	for _, sv := range services {
		seed(f, sv.device.body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		fs, err := parseFields(body)
		if err != nil {
			return
		}
		p, notes, err := parseDevice(fs, time.Unix(1e9, 0))
		if err != nil {
			oneLine(t, err.Error())
			return
		}
		if n := utf8.RuneCountInString(p.UserCode); n == 0 || n > maxUserCode || oneline.Clean(p.UserCode, maxUserCode) != p.UserCode {
			t.Errorf("shows %q", p.UserCode)
		}
		for _, uri := range []string{p.VerificationURI, p.VerificationURIComplete} {
			if u, err := url.Parse(uri); uri != "" && (err != nil || !secure(u) || len(uri) > maxURI) {
				t.Errorf("leads to %q", uri)
			}
		}
		if p.DeviceCode == "" || p.VerificationURI == "" || p.Interval < time.Second || p.Interval > time.Hour || p.ExpiresIn < time.Second || p.ExpiresIn > time.Hour || len(notes) > 2 {
			t.Errorf("got %+v, %q", p, notes)
		}
		kept, err := json.Marshal(p)
		var again Pending
		if err != nil || json.Unmarshal(kept, &again) != nil || again.UserCode != p.UserCode || !again.Deadline().Equal(p.Deadline()) {
			t.Errorf("%+v became %+v", p, again)
		}
	})
}

func FuzzToken(f *testing.F) {
	seed(f, tokenJSON, boundJSON, "access_token=a&token_type=bearer&scope=a%2Cb&expires_in=5", `{"access_token":"a","expires_in":-1e999}`)
	for _, sv := range services {
		for _, p := range sv.polls {
			seed(f, p.body)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		fs, err := parseFields(body)
		if err != nil {
			return
		}
		now := time.Unix(1e9, 0)
		tok, _, err := parseToken(fs, "openid print", now)
		if err != nil {
			oneLine(t, err.Error())
			return
		}
		if tok.AccessToken == "" || strings.ContainsAny(tok.AccessToken, "\r\n\x00") || tok.TokenType != "Bearer" && tok.TokenType != "DPoP" || tok.Scope == "" && fs.str("scope") == "" {
			t.Errorf("got %+v", tok)
		}
		if tok.Lifetime < 0 || tok.Lifetime > maxTokenLifetime || tok.Expiry.IsZero() != (tok.Lifetime == 0) || !tok.Expiry.IsZero() && tok.Expiry.Before(now) {
			t.Errorf("ends %v, after %v", tok.Expiry, tok.Lifetime)
		}
	})
}

// FuzzAnswer is an answer of any kind to each request.
func FuzzAnswer(f *testing.F) {
	f.Add(400, []byte(`{"error":"slow_down","interval":1e99,"error_description":"of dc-secret"}`), "", "7")
	f.Add(401, []byte(``), `DPoP error="use_dpop_nonce"`, "Fri, 02 Jan 2026 03:05:05 GMT")
	f.Add(200, []byte("<html>"), `Basic realm="x`, "")
	f.Add(302, []byte(`error=invalid_grant`), `,,,="`, "-1")
	f.Fuzz(func(t *testing.T, status int, body []byte, challenge, after string) {
		raw := response{status: status, body: body, arrived: time.Unix(1e9, 0), from: &url.URL{Scheme: "https", Host: "as.example", Path: "/token"},
			header: http.Header{"Www-Authenticate": {challenge}, "Retry-After": {after}, "Location": {challenge}}}
		fs, _ := parseFields(body)
		r := oauthResponse{response: raw, fields: fs, oauthError: parseError(fs, raw.header, secretsOf(url.Values{"device_code": {"dc-secret"}}, http.Header{}, ""))}
		poll, _ := pollError(r)
		for _, e := range []*Error{deviceError("device authorization", r), poll, refreshError(r), notOAuth("token", raw)} {
			if e.Kind == "" || e.Detail == "" || e.RetryAfter < 0 || e.RetryAfter > time.Hour || strings.Contains(e.Detail, "dc-secret") || len(e.Detail) > 2000 {
				t.Errorf("says %+v", e)
			}
			oneLine(t, e.Error())
		}
		if r.oauthError.interval < 0 || refreshError(r).Kind == Gone && overloaded(status) {
			t.Errorf("status %d: %+v", status, r.oauthError)
		}
	})
}

func oneLine(t *testing.T, s string) {
	t.Helper()
	if s == "" || strings.ContainsAny(s, "\r\n") || !utf8.ValidString(s) {
		t.Errorf("no line for people: %q", s)
	}
}

func FuzzMetadata(f *testing.F) {
	seed(f, metadataJSON(nil), metadataJSON(map[string]any{"jwks_uri": "http://x"}), metadataJSON(map[string]any{"userinfo_endpoint": "http://x"}), `{"issuer":"https://as.example"}`, "issuer=https%3A%2F%2Fas.example")
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := parseMetadata(body, issuer)
		if err != nil {
			oneLine(t, err.Error())
			return
		}
		for _, e := range []string{m.DeviceAuthorizationEndpoint, m.TokenEndpoint, m.RevocationEndpoint, m.UserinfoEndpoint, m.JWKSURI} {
			if u, err := url.Parse(e); e != "" && (err != nil || !secure(u)) {
				t.Errorf("took endpoint %q", e)
			}
		}
		kept, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseMetadata(kept, issuer)
		if err != nil || again.TokenEndpoint != m.TokenEndpoint || len(again.PKCE) != len(m.PKCE) {
			t.Errorf("%+v became %+v, %v", m, again, err)
		}
	})
}

// FuzzIDToken is a well signed ID token with claims of any kind.
func FuzzIDToken(f *testing.F) {
	key := testKey()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: cryptosigner.Opaque(key)}, nil)
	if err != nil {
		f.Fatal(err)
	}
	seed(f, `{"iss":"https://as.example","aud":"printer","sub":"1","iat":1,"exp":99999999999,"name":"\u0007"}`,
		`{"iss":"https://as.example","aud":["printer","x"],"azp":null,"sub":"1","iat":1e300,"exp":1e300}`,
		`{"iss":"https://as.example","aud":"printer","sub":"1","iat":"x","_claim_names":{"a":"b"},"_claim_sources":{"b":{"endpoint":"x"}}}`, `[]`, `{"exp":-1e999}`)
	f.Fuzz(func(t *testing.T, claims []byte) {
		jws, err := signer.Sign(claims)
		if err != nil {
			t.Fatal(err)
		}
		jwt, err := jws.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		keys := &signatureCheck{keys: &keySet{uri: keysURL, keys: []jose.JSONWebKey{{Key: key.Public()}}}, uri: keysURL}
		who, err := verifyIDToken(t.Context(), keys, Metadata{Issuer: issuer, JWKSURI: keysURL}, "printer", jwt, time.Now())
		if err != nil {
			oneLine(t, err.Error())
			return
		}
		name := Config{}.withDefaults().accountName(who.claims)
		if who.subject == "" || who.claims["iss"] != issuer || oneline.Clean(name, 200) != name || oneline.Clean(who.subject, 255) != who.subject {
			t.Errorf("took %q as %+v", claims, who)
		}
		if azp, named := who.claims["azp"]; named && !reflect.DeepEqual(azp, "printer") {
			t.Errorf("took azp %v", azp)
		}
	})
}

func FuzzKeys(f *testing.F) {
	private, err := json.Marshal(jose.JSONWebKey{Key: testKey(), KeyID: "k1"})
	if err != nil {
		f.Fatal(err)
	}
	seed(f, `{"keys":[`+string(private)+`]}`, newAccount().keys(), `{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`, `{"keys":null}`, `{"keys":[{"kty":"RSA","n":"AQ","e":"AQAB"}]}`)
	f.Fuzz(func(t *testing.T, body []byte) {
		keys, err := parseKeys(body)
		for _, k := range keys {
			if _, symmetric := k.Key.([]byte); err != nil || symmetric || !k.IsPublic() || !k.Valid() {
				t.Errorf("took %+v, %v", k, err)
			}
		}
	})
}

func FuzzChallenge(f *testing.F) {
	f.Add(`Basic realm="a, error=\"b\"", DPoP algs="ES256", ERROR="x\y_z"`)
	f.Add(`error="`)
	f.Add(`====`)
	f.Fuzz(func(t *testing.T, field string) {
		if e := challengeParam(field, "error"); len(e) > len(field) {
			t.Errorf("%q holds %q", field, e)
		}
	})
}

// FuzzUserinfo is a userinfo response of any kind.
func FuzzUserinfo(f *testing.F) {
	seed(f, `{"sub":"u-1","name":"Alice"}`, `{"sub":"u-2","name":"Mallory"}`, `{"sub":["u-1"],"name":"x"}`, `{"sub":"u-1","name":{"x":1},"email":"\u202e\u0000"}`,
		`eyJhbGciOiJFUzI1NiJ9.e30.x`, `{"sub":"u-1","sub":"u-2","name":"x"}`, "null", "[]", "\xff")
	f.Fuzz(func(t *testing.T, body []byte) {
		claims, err := parseUserinfo(body, "u-1")
		name := Config{}.withDefaults().accountName(claims)
		if err != nil {
			oneLine(t, err.Error())
		}
		var object struct{ Sub any }
		if name != "" && (json.Unmarshal(body, &object) != nil || err != nil) {
			t.Errorf("took %q of %q, %v", name, body, err)
		}
		if oneline.Clean(name, maxName+1) != name {
			t.Errorf("shows %q", name)
		}
		if name, err := parseUserinfo(body, "someone-else-entirely"); err == nil && !strings.Contains(string(body), "someone") && !strings.Contains(string(body), `\`) {
			t.Errorf("took %q of another account: %q", body, name)
		}
	})
}

// FuzzDescription is what a server says, to a request that held secrets.
func FuzzDescription(f *testing.F) {
	const secret, assertion = "rt/secret+0123456789", "eyJhbGciOi.eyJpc3MiOi.c2lnbmF0dXJl"
	for _, s := range []string{secret, assertion, url.QueryEscape(secret), "see https://x.example/?" + secret, "a\x07b\xff", "rt/sec\x07ret+0123456789", assertion[:15]} {
		f.Add(s)
	}
	sent := secretsOf(url.Values{"refresh_token": {secret}, "client_assertion": {assertion}}, http.Header{"Authorization": {"Basic cHJpbnRlcjpzM2NyZXQtMTIzNDU2"}}, "s3cret-123456")
	f.Fuzz(func(t *testing.T, s string) {
		got := errorDescription(s, sent)
		if len(got) > maxDescription+3 || legal(got) != got || strings.TrimSpace(got) != got {
			t.Errorf("shows %q", got)
		}
		for _, withheld := range append(sent, "s3cret-123456") {
			if strings.Contains(got, withheld) {
				t.Errorf("%q shows %q", s, withheld)
			}
		}
	})
}

// FuzzDocument is a document in the cache, or any other that is served as metadata: only one of the issuer counts, and
// none decides where a grant goes that is sealed.
func FuzzDocument(f *testing.F) {
	seed(f, metadataJSON(nil), metadataJSON(map[string]any{"issuer": "https://evil.example"}), metadataJSON(map[string]any{"token_endpoint": nil}),
		metadataJSON(map[string]any{"userinfo_endpoint": "javascript:x"}), `{"paird_fetched":"2026-01-01T00:00:00Z"}`, "\x00")
	f.Fuzz(func(t *testing.T, body []byte) {
		c := newClient(Config{Issuer: issuer, ClientID: "printer", Cache: &memoryCache{body: body}}.withDefaults())
		if m := c.metadata.cached(); m.Issuer != "" && (m.Issuer != issuer || !m.complete()) {
			t.Errorf("took %+v", m)
		}
		g := grant()
		g.RevocationEndpoint = revokeURL
		if sealed := c.sealed(g); sealed.RevocationEndpoint != revokeURL || sealed.UserinfoEndpoint != "" {
			t.Errorf("the cache decides where tokens go: %+v", sealed)
		}
	})
}
