package provider

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// basic sends a device authorization request with an Authorization header.
func (l *lab) basic(user, pass, body string) reply {
	l.Helper()
	r, err := http.NewRequestWithContext(l.Context(), "POST", l.url+"/device_authorization", strings.NewReader(body))
	if err != nil {
		l.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	r.SetBasicAuth(url.QueryEscape(user), url.QueryEscape(pass))
	return l.do(r)
}

func TestClientAuthentication(t *testing.T) {
	l := newLab(t, nil)
	for _, c := range []struct {
		name   string
		reply  reply
		status int
		code   string
	}{
		{"none", l.post("/device_authorization", "client_id", "printer"), 200, ""},
		{"post", l.post("/device_authorization", "client_id", "secretive", "client_secret", "s3cr&t"), 200, ""},
		{"basic", l.basic("secretive", "s3cr&t", ""), 200, ""},
		{"basic with client_id", l.basic("secretive", "s3cr&t", "client_id=secretive"), 200, ""},
		{"basic with another client_id", l.basic("secretive", "s3cr&t", "client_id=printer"), 401, "invalid_client"},
		{"basic wrong", l.basic("secretive", "wrong", ""), 401, "invalid_client"},
		{"basic for a public client", l.basic("printer", "x", ""), 401, "invalid_client"},
		{"both", l.basic("secretive", "s3cr&t", "client_secret=s3cr%26t"), 400, "invalid_request"},
		{"secret missing", l.post("/device_authorization", "client_id", "secretive"), 401, "invalid_client"},
		{"secret of a public client", l.post("/device_authorization", "client_id", "printer", "client_secret", "x"), 401, "invalid_client"},
		{"unknown", l.post("/device_authorization", "client_id", "unregistered"), 401, "invalid_client"},
		{"nothing", l.post("/device_authorization"), 401, "invalid_client"},
		{"wide", l.post("/device_authorization", "client_id", "printer", "scope", "openid admin"), 400, "invalid_scope"},
		{"doubled", l.post("/device_authorization", "client_id", "printer", "scope", "openid", "scope", "email"), 400, "invalid_request"},
		{"empty is absent", l.post("/device_authorization", "client_id", "printer", "scope", "", "resource", ""), 200, ""},
	} {
		if c.reply.status != c.status || c.reply.str("error") != c.code {
			t.Errorf("%s: %d %v, want %d %s", c.name, c.reply.status, c.reply.fields, c.status, c.code)
		}
		if c.status == http.StatusUnauthorized && !strings.HasPrefix(c.reply.header.Get("WWW-Authenticate"), "Basic ") {
			t.Errorf("%s: no WWW-Authenticate", c.name)
		}
		if c.reply.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: may be cached", c.name)
		}
	}
}

// RFC 6749 section 5.2 has a code for each of these.
func TestTokenErrors(t *testing.T) {
	l := newLab(t, nil)
	for want, pairs := range map[string][]string{
		"unsupported_grant_type": {"grant_type", "password"},
		"invalid_grant":          {"grant_type", grantDevice, "device_code", "made up"},
	} {
		l.wantError(l.post("/token", append(pairs, "client_id", "printer")...), http.StatusBadRequest, want)
	}
	l.wantError(l.refresh("made up"), http.StatusBadRequest, "invalid_grant")
	for _, pairs := range [][]string{{}, {"grant_type", grantDevice}, {"grant_type", "refresh_token"}} {
		l.wantError(l.post("/token", append(pairs, "client_id", "printer")...), http.StatusBadRequest, "invalid_request")
	}
}

// RFC 6749 section 3.2: "The client MUST use the HTTP "POST" method when making access token requests."
func TestTokenIsPostedAsForm(t *testing.T) {
	l := newLab(t, nil)
	resp, err := http.Get(l.url + "/token?grant_type=refresh_token&client_id=printer")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", resp.StatusCode)
	}
	r, err := http.NewRequestWithContext(t.Context(), "POST", l.url+"/token", strings.NewReader(`{"client_id":"printer"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	l.wantError(l.do(r), http.StatusBadRequest, "invalid_request")

	// Nothing counts that stands in the URI: section 2.3.1 keeps credentials out of it.
	r, err = http.NewRequestWithContext(t.Context(), "POST", l.url+"/device_authorization?client_id=printer", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	l.wantError(l.do(r), http.StatusUnauthorized, "invalid_client")
}

func TestHugeFormIsDenied(t *testing.T) {
	l := newLab(t, nil)
	r := l.post("/device_authorization", "client_id", "printer", "padding", strings.Repeat("x", maxBody))
	if r.status == http.StatusOK {
		t.Error("a form above the limit was taken")
	}
}

// RFC 8414 section 3.3: "The "issuer" value returned MUST be identical to the authorization server's
// issuer identifier value".
func TestMetadata(t *testing.T) {
	l := newLab(t, nil)
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", l.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		m := l.do(r)
		if m.status != http.StatusOK || m.str("issuer") != l.url || m.str("device_authorization_endpoint") != l.url+"/device_authorization" {
			t.Errorf("%s: %d %v", path, m.status, m.fields)
		}
	}
}

func TestUserinfo(t *testing.T) {
	l := newLab(t, nil)
	tokens := l.paired()
	ask := func(token string) reply {
		r, err := http.NewRequestWithContext(t.Context(), "GET", l.url+"/userinfo", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		return l.do(r)
	}
	if r := ask(tokens.str("access_token")); r.str("sub") != "u1" || r.str("name") != "Alice" {
		t.Errorf("userinfo: %d %v", r.status, r.fields)
	}
	if r := ask(tokens.str("id_token")); r.status != http.StatusUnauthorized {
		t.Errorf("an ID token is no access token: %d", r.status)
	}
	l.pass(10 * time.Minute)
	if r := ask(tokens.str("access_token")); r.status != http.StatusUnauthorized {
		t.Errorf("expired: %d", r.status)
	}
}

func TestOptions(t *testing.T) {
	ok := Options{
		Issuer:  "http://127.0.0.1:1",
		Clients: []Client{{ID: "c"}},
		Users:   []User{{Username: "u"}},
		Key:     testKey(),
	}
	if _, err := New(ok); err != nil {
		t.Errorf("least options: %v", err)
	}
	for name, spoil := range map[string]func(*Options){
		"issuer with a path":      func(o *Options) { o.Issuer += "/x" },
		"no issuer":               func(o *Options) { o.Issuer = "" },
		"no client":               func(o *Options) { o.Clients = nil },
		"no user":                 func(o *Options) { o.Users = nil },
		"public without rotation": func(o *Options) { o.Rotation.Off = true },
		"half a second":           func(o *Options) { o.Interval = 500e6 },
	} {
		o := ok
		spoil(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
