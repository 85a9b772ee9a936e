package deviceauth

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func proveForms(t *testing.T) {
	s := newServer(t).on(deviceURL, says(200, deviceJSON))
	begin(t, s.client(func(c *Config) {
		c.Scopes = []string{"openid", "openid", "print"}
		c.FurtherScopes = []string{"print", "scan"}
		c.Params = map[string]string{"device_model": "K1", "empty": ""}
		c.Resources = []string{"https://api.example/", "https://api.example/"}
		c.FurtherResources = []string{"https://api.example/", "https://print.example/"}
	}))
	got := s.to(deviceURL)[0]
	if got.method != "POST" || got.header.Get("Content-Type") != "application/x-www-form-urlencoded" || got.header.Get("Accept") != "application/json" {
		t.Errorf("sent %s with %v", got.method, got.header)
	}
	const want = "client_id=printer&device_model=K1&resource=https%3A%2F%2Fapi.example%2F&resource=https%3A%2F%2Fprint.example%2F&scope=openid+print+scan"
	if got.raw != want {
		t.Errorf("sent %q, want %q", got.raw, want)
	}
}

func proveClientIDAndScope(t *testing.T) {
	for _, auth := range []string{"none", "basic", "post", "private_key_jwt"} {
		s := newServer(t).on(deviceURL, says(200, deviceJSON))
		begin(t, s.client(credentials(auth)))
		form := s.to(deviceURL)[0].form
		if form.Get("client_id") != "printer" || form.Get("scope") != "openid offline_access" {
			t.Errorf("%s: sent %v", auth, form)
		}
	}
}

func proveTLSOnly(t *testing.T) {
	for _, bad := range []func(*Config){
		func(c *Config) { c.Issuer = "http://as.example" },
		byHand(func(c *Config) { c.TokenEndpoint = "http://as.example/token" }),
		byHand(func(c *Config) { c.RevocationEndpoint = "http://as.example/revoke" }),
	} {
		cfg := Config{Issuer: issuer, ClientID: "printer"}
		bad(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("New took %+v", cfg)
		}
	}
	s := newServer(t)
	s.on(issuer+"/.well-known/openid-configuration", says(200, metadataJSON(map[string]any{"token_endpoint": "http://as.example/token"})))
	_, err := s.client().Begin(t.Context())
	wantKind(t, err, Misconfigured)
	for _, uri := range []string{"http://as.example/go", "javascript:alert(1)", "//as.example/go", "as.example", "https://u:p@as.example/"} {
		for _, name := range []string{"verification_uri", "verification_uri_complete"} {
			body := strings.Replace(deviceJSON, `"`+name+`":"https://as.example/go`, `"`+name+`":"`+uri, 1)
			if name == "verification_uri_complete" {
				body = strings.Replace(deviceJSON, `https://as.example/go?user_code=WDJB-MJHT`, uri, 1)
			}
			_, err := newServer(t).on(deviceURL, says(200, body)).client().Begin(t.Context())
			if e := wantKind(t, err, Server); !strings.Contains(e.Detail, name) {
				t.Errorf("%q does not name %s", e.Detail, name)
			}
		}
	}
}

func proveVerbatim(t *testing.T) {
	const body = `{"device_code":"d/+=c 1","user_code":"ab-CD ef.9é","verification_uri":"https://AS.example/Go/",` +
		`"verification_uri_complete":"https://AS.example/Go/?code=X%20y&a=b#f","expires_in":60,"interval":2,"x":{"y":[1]},"message":null}`
	s := newServer(t).on(deviceURL, says(200, body))
	p := begin(t, s.client())
	if p.DeviceCode != "d/+=c 1" || p.UserCode != "ab-CD ef.9é" || p.VerificationURI != "https://AS.example/Go/" ||
		p.VerificationURIComplete != "https://AS.example/Go/?code=X%20y&a=b#f" {
		t.Errorf("got %+v", p)
	}
}

func provePKCE(t *testing.T) {
	offers := map[string]any{"code_challenge_methods_supported": []string{"plain", "S256"}}
	for _, tt := range []struct {
		mode string
		meta map[string]any
		sent bool
	}{{"auto", nil, false}, {"auto", offers, true}, {"", offers, true}, {"on", nil, true}, {"off", offers, false}} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t).on(deviceURL, says(200, deviceJSON)).on(tokenURL, says(200, tokenJSON))
			s.on(issuer+"/.well-known/openid-configuration", says(200, metadataJSON(tt.meta)))
			c := s.client(func(c *Config) { c.PKCE = tt.mode })
			if _, err := c.Wait(t.Context(), begin(t, c)); err != nil {
				t.Fatal(err)
			}
			asked, polled := s.to(deviceURL)[0].form, s.to(tokenURL)[0].form
			verifier := polled.Get("code_verifier")
			if sent := asked.Has("code_challenge"); sent != tt.sent || polled.Has("code_verifier") != tt.sent {
				t.Fatalf("pkce %q with %v: sent %v", tt.mode, tt.meta, sent)
			}
			if tt.sent && (asked.Get("code_challenge") != challenge(verifier) || asked.Get("code_challenge_method") != "S256" || len(verifier) != 43) {
				t.Errorf("challenge %v does not fit verifier %q", asked, verifier)
			}
		})
	}
}

func TestChallengeOfRFC7636AppendixB(t *testing.T) {
	if got := challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"); got != "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" {
		t.Error(got)
	}
}

func proveResourceForm(t *testing.T) {
	for r, good := range map[string]bool{
		"https://api.example/v1?x=1": true, "urn:example:api": true, "api.example": false, "/v1": false,
		"https://api.example/#a": false, "https://api.example/#": false, "": false,
	} {
		_, err := New(Config{Issuer: issuer, ClientID: "printer", Resources: []string{r}})
		if (err == nil) != good {
			t.Errorf("resource %q: %v", r, err)
		}
	}
}

func proveResourceEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t).on(deviceURL, says(200, deviceJSON)).on(tokenURL, pending(), says(200, tokenJSON))
		c := s.client(func(c *Config) { c.Resources, c.Audience = []string{"https://api.example/"}, "https://aud.example" })
		tok, err := c.Wait(t.Context(), begin(t, c))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Refresh(t.Context(), tok); err != nil {
			t.Fatal(err)
		}
		calls := slices.Concat(s.to(deviceURL), s.to(tokenURL))
		for i, call := range calls {
			if got := call.form["resource"]; !slices.Equal(got, []string{"https://api.example/"}) {
				t.Errorf("request %d has resource %v", i, got)
			}
			if call.form.Has("audience") != (i == 0) {
				t.Errorf("request %d has audience %v", i, call.form["audience"])
			}
		}
		if len(calls) != 4 {
			t.Errorf("%d requests", len(calls))
		}
	})
}

func proveUserAgent(t *testing.T) {
	s := newServer(t).on(deviceURL, says(200, deviceJSON))
	begin(t, s.client())
	for _, call := range s.calls {
		if got := call.header.Get("User-Agent"); got != "paird/1.2.3" {
			t.Errorf("%s: User-Agent %q", call.url, got)
		}
	}
}

func TestConfigRefuses(t *testing.T) {
	weak := weakRSAKey(t)
	for name, edit := range map[string]func(*Config){
		"auth.client_id: is missing":                  func(c *Config) { c.ClientID = "" },
		"auth.issuer: is missing":                     func(c *Config) { c.Issuer = "" },
		"auth.issuer: an issuer has neither":          func(c *Config) { c.Issuer = "https://as.example/?a=b" },
		"auth.jwks_uri: starts with ftp":              func(c *Config) { c.JWKSURI = "ftp://as.example/keys" },
		"auth.client_auth: \"digest\"":                func(c *Config) { c.ClientAuth = "digest" },
		"auth.client_secret_file: is missing":         func(c *Config) { c.ClientAuth = "post" },
		"auth.client_key_file: is missing":            func(c *Config) { c.ClientAuth = "private_key_jwt" },
		"auth.client_key_file: is an RSA key below":   func(c *Config) { c.ClientAuth, c.ClientKey = "private_key_jwt", weak },
		"auth.client_assertion_audience: \"aud\" is":  func(c *Config) { c.ClientAssertionAudience = "aud" },
		"auth.pkce: \"maybe\"":                        func(c *Config) { c.PKCE = "maybe" },
		"auth.dpop: on needs a key":                   func(c *Config) { c.DPoP = "on" },
		"auth.params: \"scope\"":                      func(c *Config) { c.Params = map[string]string{"scope": "x"} },
		"auth.params: \"audience\"":                   func(c *Config) { c.Audience, c.Params = "a", map[string]string{"audience": "x"} },
		"auth.scopes: \"a b\"":                        func(c *Config) { c.Scopes = []string{"a b"} },
		"auth.resource: \"api\"":                      func(c *Config) { c.FurtherResources = []string{"api"} },
		"(or both auth.device_authorization_endpoint": func(c *Config) { c.Issuer, c.TokenEndpoint = "", tokenURL },
	} {
		cfg := Config{Issuer: issuer, ClientID: "printer"}
		edit(&cfg)
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	all := Check(Config{Issuer: "http://as.example", TokenEndpoint: "https://me:pw@as.example", JWKSURI: "as.example", ClientSecret: "x", ClientAuth: "none"})
	want := []string{
		"auth.issuer: http:// would send tokens in the clear, use https:// (http:// is for this machine only)",
		"auth.token_endpoint: has a name or password in it, remove them",
		"auth.jwks_uri: is no address, write https://host.example",
		"auth.client_id: is missing, name the client that is registered at the authorization server",
		`auth.client_secret_file: is not used with client_auth = "none", remove one of them`,
	}
	if got := strings.Split(errors.Join(all...).Error(), "\n"); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if _, err := New(Config{Issuer: "http://127.0.0.1:8080/op", ClientID: "x"}); err != nil {
		t.Errorf("loopback: %v", err)
	}
}

func TestBeginReturnsTheContextsError(t *testing.T) {
	s := newServer(t).on(deviceURL, wire{err: errors.New("cut")})
	ctx, cancel := context.WithCancel(t.Context())
	s.handle = func(call) (wire, bool) { cancel(); return wire{}, false }
	if _, err := s.client().Begin(ctx); !errors.Is(err, ctx.Err()) || err == nil {
		t.Errorf("got %v", err)
	}
}

func proveDefaultInterval(t *testing.T) {
	p, _, err := parseDevice(mustFields(t, `{"device_code":"d","user_code":"u","verification_uri":"https://x.example"}`), time.Now())
	if err != nil || p.Interval != 5*time.Second {
		t.Errorf("got %v, %v", p.Interval, err)
	}
}

func mustFields(t *testing.T, body string) fields {
	t.Helper()
	f, err := parseFields([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestDeviceNumbers(t *testing.T) {
	for _, tt := range []struct {
		members          string
		interval, expire time.Duration
		notes            int
	}{
		{`"interval":5,"expires_in":600`, 5 * time.Second, 10 * time.Minute, 0},
		{`"interval":"7","expires_in":"900"`, 7 * time.Second, 15 * time.Minute, 0},
		{`"interval":2.5,"expires_in":1e2`, 2500 * time.Millisecond, 100 * time.Second, 0},
		{`"interval":0,"expires_in":-1`, 5 * time.Second, time.Second, 2},
		{`"interval":-7`, 5 * time.Second, 10 * time.Minute, 2},
		{`"interval":1e300,"expires_in":1e300`, time.Hour, time.Hour, 2},
		{`"interval":1e999,"expires_in":"99999999999999999999999999"`, time.Hour, time.Hour, 2},
		{`"interval":0.001,"expires_in":0`, time.Second, time.Second, 2},
		{`"interval":null,"expires_in":"soon"`, 5 * time.Second, 10 * time.Minute, 1},
		{`"interval":[5],"expires_in":{"a":1}`, 5 * time.Second, 10 * time.Minute, 1},
		{`"interval":"NaN","expires_in":"Inf"`, 5 * time.Second, time.Hour, 1},
		{`"interval":true,"expires_in":3600`, 5 * time.Second, time.Hour, 0},
	} {
		now := time.Now()
		p, notes, err := parseDevice(mustFields(t, `{"device_code":"d","user_code":"u","verification_uri":"https://x.example",`+tt.members+`}`), now)
		if err != nil || p.Interval != tt.interval || p.ExpiresIn != tt.expire || len(notes) != tt.notes || p.Issued != now {
			t.Errorf("%s: interval %v, expires_in %v, notes %q, %v", tt.members, p.Interval, p.ExpiresIn, notes, err)
		}
	}
}

func TestDeviceRefusesAndSaysWhich(t *testing.T) {
	long := strings.Repeat("x", 3000)
	for _, tt := range []struct{ body, says string }{
		{`{}`, "device_code is missing"},
		{`{"device_code":7,"user_code":"u","verification_uri":"https://x.example"}`, "device_code is missing"},
		{`{"device_code":"` + strings.Repeat("x", 9000) + `","user_code":"u","verification_uri":"https://x.example"}`, "device_code has 9000 bytes"},
		{`{"device_code":"d","verification_uri":"https://x.example"}`, "user_code is missing"},
		{`{"device_code":"d","user_code":"\u0000\u202e\u200b","verification_uri":"https://x.example"}`, "user_code is missing"},
		{`{"device_code":"d","user_code":"` + long + `","verification_uri":"https://x.example"}`, "user_code has 3000 characters"},
		{`{"device_code":"d","user_code":"u"}`, "verification_uri is missing"},
		{`{"device_code":"d","user_code":"u","verification_uri":"https://x.example/` + long + `"}`, "verification_uri has"},
		{`{"device_code":"d","user_code":"u","verification_uri":"https://x.example/\u202egnp"}`, "verification_uri has characters"},
		{`{"device_code":"d","user_code":"u","verification_uri":"https://x.example/\r\nX: y"}`, "verification_uri has characters"},
		{`{"device_code":"d","user_code":"u","verification_uri":"HTTP://x.example/"}`, "verification_uri: scheme is not https"},
		{`{"device_code":"d","user_code":"u","verification_uri":"https:///x"}`, "verification_uri: no host"},
		{`{"device_code":"d","user_code":"u","verification_uri":"https://x.example","verification_uri_complete":"ftp://x.example/"}`, "verification_uri_complete: scheme"},
	} {
		_, _, err := parseDevice(mustFields(t, tt.body), time.Now())
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%.60s: got %v, want %q", tt.body, err, tt.says)
		}
	}
}

// "A user_code is shown as spelled, control and format characters dropped, at most 64 characters"
func TestUserCodeIsCleaned(t *testing.T) {
	p, _, err := parseDevice(mustFields(t, `{"device_code":"d","user_code":"WD\u0007JB\u202e-MJHT\u200d","verification_uri":"http://localhost:9/x"}`), time.Now())
	if err != nil || p.UserCode != "WDJB-MJHT" {
		t.Errorf("got %q, %v", p.UserCode, err)
	}
}

func TestFields(t *testing.T) {
	for _, tt := range []struct {
		body string
		ok   bool
	}{
		{`{"a":1}`, true}, {" \n{\"a\":1}\n", true}, {"\xef\xbb\xbf{}", true}, {`a=1&b=2`, true}, {`a=%7E`, true},
		{``, false}, {`null`, false}, {`[1]`, false}, {`"a=b"`, false}, {`{"a":`, false}, {`{"a":1}{"b":2}`, false},
		{`<html>a=b</html>`, false}, {`hello`, false}, {`a=%zz`, false}, {`a=1 b=2`, false},
	} {
		if _, err := parseFields([]byte(tt.body)); (err == nil) != tt.ok {
			t.Errorf("%q: %v", tt.body, err)
		}
	}
	f := mustFields(t, `{"Error":"x","error":"y","n":null}`)
	if f.str("error") != "y" || f.str("ERROR") != "" || f.str("n") != "" {
		t.Error("names are exact, null is absent")
	}
}
