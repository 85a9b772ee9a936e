package deviceauth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// grant is a token as the keeper has it.
func grant() Token {
	return Token{
		AccessToken: "at-0", TokenType: "Bearer", RefreshToken: "rt-0", Scope: "openid print",
		Issuer: issuer, ClientID: "printer", TokenEndpoint: tokenURL,
	}
}

func TestRefreshOutcomes(t *testing.T) {
	oauth := func(status int, code string) wire { return says(status, fmt.Sprintf(`{"error":%q}`, code)) }
	for _, tt := range []struct {
		name   string
		answer wire
		kind   Kind
	}{
		{"oidc-provider, Zitadel, Hydra: gone", oauth(400, "invalid_grant"), Gone},
		{"Auth0: gone", oauth(403, "invalid_grant"), Gone},
		{"GitHub: gone", oauth(200, "bad_refresh_token"), Gone},
		{"Dex: doubtful", oauth(400, "invalid_request"), Doubtful},
		{"Glewlwyd: an empty body", says(400, ""), Doubtful},
		{"Glewlwyd: blanks", says(400, " \r\n"), Doubtful},
		{"Entra: the user must come", oauth(400, "interaction_required"), Doubtful},
		{"secret expired", oauth(401, "invalid_client"), Misconfigured},
		{"secret expired, empty", says(401, ""), Misconfigured},
		{"by a header", says(401, "", "WWW-Authenticate", `DPoP error="invalid_dpop_proof", algs="ES256"`), Misconfigured},
		{"forbidden", says(403, "no"), Misconfigured},
		{"not allowed", oauth(400, "unauthorized_client"), Misconfigured},
		{"resource not granted", oauth(400, "invalid_target"), Misconfigured},
		{"proof", oauth(400, "invalid_dpop_proof"), Misconfigured},
		{"another 400", says(400, "what?"), Server},
		{"a new error", oauth(400, "something_new"), Server},
		{"500", says(500, ""), Server},
		{"500 with an error code", oauth(500, "invalid_grant"), Server},
		{"503", says(503, "", "Retry-After", "120"), Server},
		{"429", oauth(429, "invalid_grant"), Server},
		{"404", says(404, ""), Server},
		{"truncated", says(200, tokenJSON[:40]), Server},
		{"empty", says(200, ""), Server},
		{"foreign", says(200, `{"status":"ok"}`), Server},
		{"sign-in page", says(200, "<html></html>", "Content-Type", "text/html"), CaptivePortal},
		{"led away", says(302, "", "Location", "http://10.0.0.1/login"), CaptivePortal},
		{"no route", wire{err: syscall.EHOSTUNREACH}, NoNetwork},
		{"reset after it went out", wire{err: syscall.ECONNRESET, lost: true}, Lost},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t).on(tokenURL, tt.answer)
			_, err := s.client().Refresh(t.Context(), grant())
			e := wantKind(t, err, tt.kind)
			if n := len(s.to(tokenURL)); n != 1 {
				t.Errorf("%d attempts", n)
			}
			if strings.Contains(e.Error(), "rt-0") || e.Op != "refresh" || e.Detail == "" || strings.Contains(e.Detail, "\n") {
				t.Errorf("says %q", e)
			}
			if tt.name == "503" && e.RetryAfter != 2*time.Minute {
				t.Errorf("Retry-After %v", e.RetryAfter)
			}
		})
	}
}

func proveTokenDefaults(t *testing.T) {
	for spelled, want := range map[string]string{"bearer": "Bearer", "BEARER": "Bearer", "Bearer": "Bearer", "dpop": "DPoP", "DPOP": "DPoP", "": "Bearer"} {
		tok, _, err := parseToken(mustFields(t, fmt.Sprintf(`{"access_token":"a","token_type":%q}`, spelled)), "x", time.Now())
		if err != nil || tok.TokenType != want || tok.Scope != "x" {
			t.Errorf("%q: %+v, %v", spelled, tok, err)
		}
	}
	s := newServer(t).on(tokenURL, says(200, `{"access_token":"at-1","token_type":"bearer","refresh_token":"","expires_in":60}`))
	tok, err := s.client().Refresh(t.Context(), grant())
	if err != nil || tok.RefreshToken != "rt-0" || tok.Scope != "openid print" || tok.Issuer != issuer || tok.TokenEndpoint != tokenURL {
		t.Errorf("got %+v, %v", tok, err)
	}
	if f := s.to(tokenURL)[0].raw; f != "client_id=printer&grant_type=refresh_token&refresh_token=rt-0" {
		t.Errorf("sent %q", f)
	}
}

func proveTokenType(t *testing.T) {
	for _, bad := range []string{"mac", "N_A", "Bearer DPoP"} {
		if tok, _, err := parseToken(mustFields(t, fmt.Sprintf(`{"access_token":"a","token_type":%q}`, bad)), "", time.Now()); err == nil {
			t.Errorf("%q: took %+v", bad, tok)
		}
	}
}

func proveNarrowerScope(t *testing.T) {
	flow(t, []wire{says(200, `{"access_token":"at-1","token_type":"Bearer","scope":"openid"}`)},
		func(t *testing.T, _ *server, _ time.Time, tok Token, err error) {
			if err != nil || tok.Scope != "openid" {
				t.Errorf("got %q, %v", tok.Scope, err)
			}
		})
	for _, tt := range []struct{ granted, asked, want string }{
		{"repo,gist", "repo gist", "repo gist"}, {"a,b", "a,b", "a,b"}, {" a  b ", "", "a b"}, {"", "a b", "a b"}, {"a,b c", "", "a,b c"},
		{"a \"b\" c\\d \x1b[31m \u202ee ä", "x", "a"}, {"\u202e", "x y", "x y"},
	} {
		if got := grantedScope(tt.granted, tt.asked); got != tt.want {
			t.Errorf("%q of %q: %q", tt.granted, tt.asked, got)
		}
	}
}

// openid and offline_access are acted on and seldom repeated: their absence is no warning.
func TestMissingScopes(t *testing.T) {
	for _, tt := range []struct{ asked, granted, want string }{
		{"openid offline_access profile", "profile", ""}, {"openid print", "openid", "print"}, {"a b c", "c", "a b"}, {"", "x", ""},
	} {
		if got := strings.Join(missingScopes(tt.asked, tt.granted), " "); got != tt.want {
			t.Errorf("%+v: %q", tt, got)
		}
	}
}

func TestTokenLife(t *testing.T) {
	for members, want := range map[string]time.Duration{
		`"expires_in":3600`: time.Hour, `"expires_in":"60"`: time.Minute, `"expires_in":2`: 2 * time.Second, `"x":1`: 0,
		`"expires_in":0.000001`: 2 * time.Second, `"expires_in":"1.9"`: 2 * time.Second, `"expires_in":2.5`: 2500 * time.Millisecond,
		`"expires_in":0`: 0, `"expires_in":-99999999999999999999`: 0, `"expires_in":1e300`: maxTokenLifetime,
	} {
		now := time.Now()
		tok, _, err := parseToken(mustFields(t, `{"access_token":"a",`+members+`}`), "", now)
		expiry := now.Add(want)
		if want == 0 {
			expiry = time.Time{}
		}
		if err != nil || tok.Lifetime != want || !tok.Expiry.Equal(expiry) {
			t.Errorf("%s: %v until %v, %v", members, tok.Lifetime, tok.Expiry, err)
		}
	}
}

func proveRefreshStaysHome(t *testing.T) {
	for name, edit := range map[string]func(*Token){
		"issuer": func(g *Token) { g.Issuer = "https://other.example" },
		"client": func(g *Token) { g.ClientID = "other" },
		"none":   func(g *Token) { g.TokenEndpoint = "" },
	} {
		s, g := newServer(t).on(tokenURL, says(200, tokenJSON)), grant()
		edit(&g)
		_, err := s.client().Refresh(t.Context(), g)
		wantKind(t, err, Misconfigured)
		if len(s.calls) != 0 {
			t.Errorf("%s: %d requests", name, len(s.calls))
		}
	}
	s := newServer(t)
	g := grant()
	g.Issuer, g.TokenEndpoint = "", "https://other.example/token"
	_, err := s.client(byHand()).Refresh(t.Context(), g)
	wantKind(t, err, Misconfigured)
	// Metadata that names another endpoint does not lead an old refresh token there.
	s = newServer(t).on("https://as.example/old", says(200, tokenJSON))
	g = grant()
	g.TokenEndpoint = "https://as.example/old"
	if _, err := s.client().Refresh(t.Context(), g); err != nil || len(s.to(tokenURL)) != 0 {
		t.Error(err, s.to(tokenURL))
	}
}

func proveRotation(t *testing.T) {
	s := newServer(t)
	n := 0
	s.handle = func(c call) (wire, bool) {
		if c.url != tokenURL {
			return wire{}, false
		}
		if c.form.Get("refresh_token") != fmt.Sprintf("rt-%d", n) {
			return says(400, `{"error":"invalid_grant"}`), true
		}
		n++
		return says(200, fmt.Sprintf(`{"access_token":"at-%d","token_type":"bearer","refresh_token":"rt-%d"}`, n, n)), true
	}
	c, g := s.client(), grant()
	var err error
	for range 50 {
		if g, err = c.Refresh(t.Context(), g); err != nil {
			t.Fatal(err)
		}
	}
}

func proveRefreshWithoutMetadata(t *testing.T) {
	down := func(c call) (wire, bool) { return wire{err: errors.New("down")}, c.method == "GET" }
	cache := &memoryCache{}
	s := newServer(t)
	if _, err := s.client(cached(cache)).Metadata(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, edit := range []func(*Config){cached(cache), func(*Config) {}} {
		s := newServer(t).on(tokenURL, says(200, tokenJSON))
		s.handle = down
		if tok, err := s.client(edit).Refresh(t.Context(), grant()); err != nil || tok.AccessToken != "at-1" {
			t.Errorf("got %+v, %v", tok, err)
		}
	}
}

// A clock that was stepped back while the device is paired does not keep a refresh at home: TLS decides.
func TestRefreshWithTheClockBack(t *testing.T) {
	flow := newServer(t)
	c := flow.client(func(c *Config) { c.ClockSet = func() bool { return false } })
	_, err := c.Refresh(t.Context(), Token{RefreshToken: "r", Issuer: c.cfg.Issuer, ClientID: c.cfg.ClientID, TokenEndpoint: c.cfg.Issuer + "/token"})
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == ClockUnset || len(flow.calls) == 0 {
		t.Errorf("%v, %d requests", err, len(flow.calls))
	}
}

func TestRefreshWithoutARefreshToken(t *testing.T) {
	s, g := newServer(t), grant()
	g.RefreshToken = ""
	_, err := s.client().Refresh(t.Context(), g)
	wantKind(t, err, Gone)
}

// A context that ends before anything was sent is just that; afterwards the answer is lost.
func TestRefreshAndItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := newServer(t).on(tokenURL, says(200, tokenJSON))
	if _, err := s.client().Refresh(ctx, grant()); !errors.Is(err, context.Canceled) || len(s.to(tokenURL)) != 0 {
		t.Errorf("got %v after %d requests", err, len(s.to(tokenURL)))
	}
	ctx, cancel = context.WithCancel(t.Context())
	s = newServer(t).on(tokenURL, wire{err: context.Canceled, lost: true})
	s.handle = func(c call) (wire, bool) {
		if c.url == tokenURL {
			cancel()
		}
		return wire{}, false
	}
	_, err := s.client().Refresh(ctx, grant())
	wantKind(t, err, Lost)
}

func TestAudience(t *testing.T) {
	s := newServer(t).on(tokenURL,
		says(200, `{"access_token":"at-print","token_type":"Bearer","refresh_token":"rt-1","expires_in":60,"scope":"print"}`),
		says(200, `{"access_token":"at-scan","token_type":"Bearer","expires_in":60}`))
	c := s.client(func(c *Config) { c.Resources = []string{"https://api.example/"} })
	audience, rotated, err := c.Audience(t.Context(), grant(), AudienceRequest{Resource: "https://print.example/", Scopes: []string{"print"}})
	if err != nil || audience.AccessToken != "at-print" || audience.RefreshToken != "" || audience.Scope != "print" || audience.Lifetime != time.Minute {
		t.Fatalf("got %+v, %v", audience, err)
	}
	if rotated.RefreshToken != "rt-1" || rotated.AccessToken != "at-0" || rotated.Scope != "openid print" {
		t.Errorf("rotated %+v", rotated)
	}
	audience, rotated, err = c.Audience(t.Context(), rotated, AudienceRequest{Scopes: []string{"scan"}})
	if err != nil || audience.Scope != "scan" || rotated.RefreshToken != "rt-1" {
		t.Errorf("got %+v, %+v, %v", audience, rotated, err)
	}
	for i, want := range []string{
		"client_id=printer&grant_type=refresh_token&refresh_token=rt-0&resource=https%3A%2F%2Fprint.example%2F&scope=print",
		"client_id=printer&grant_type=refresh_token&refresh_token=rt-1&resource=https%3A%2F%2Fapi.example%2F&scope=scan",
	} {
		if got := s.to(tokenURL)[i].raw; got != want {
			t.Errorf("sent %q, want %q", got, want)
		}
	}
	_, _, err = c.Audience(t.Context(), grant(), AudienceRequest{Resource: "print"})
	wantKind(t, err, Misconfigured)
	s.on(tokenURL, says(400, `{"error":"invalid_target"}`))
	_, _, err = c.Audience(t.Context(), grant(), AudienceRequest{Resource: "urn:print"})
	wantKind(t, err, Misconfigured)
}

// A 200 whose rest cannot be used has rotated the refresh token all the same: the old one is spent.
func TestUnusableResponseKeepsItsRefreshToken(t *testing.T) {
	for name, tt := range map[string]struct {
		body  string
		token string // the caller's to store; "" where the response has none
		kind  Kind
	}{
		"unknown token_type":      {`{"access_token":"at-1","token_type":"mac","refresh_token":"rt-1"}`, "rt-1", Server},
		"bearer with dpop on":     {tokenJSON, "rt-1", Misconfigured},
		"illegal access_token":    {`{"access_token":"at\n1","token_type":"DPoP","refresh_token":"rt-1"}`, "rt-1", Server},
		"no access_token":         {`{"token_type":"DPoP","refresh_token":"rt-1"}`, "rt-1", Server},
		"not one token":           {`{"token_type":"DPoP"}`, "", Server},
		"unknown, and no new one": {`{"access_token":"at-1","token_type":"mac"}`, "", Server},
		"an error with a token":   {`{"error":"server_error","refresh_token":"rt-1"}`, "", Server},
	} {
		s := newServer(t).on(tokenURL, says(200, tt.body))
		c := s.client(bound("on", testKey()))
		g := grant()
		g.TokenType, g.Subject, g.RevocationEndpoint = "DPoP", "u-1", revokeURL
		tok, err := c.Refresh(t.Context(), g)
		wantKind(t, err, tt.kind)
		if tok.RefreshToken != tt.token || tt.token != "" && (tok.Subject != "u-1" || tok.TokenEndpoint != tokenURL || tok.RevocationEndpoint != revokeURL || tok.Issuer != issuer) {
			t.Errorf("%s: Refresh gives %+v", name, tok)
		}
		if name == "bearer with dpop on" { // the binding of an audience's token is not checked
			continue
		}
		audience, rotated, err := c.Audience(t.Context(), g, AudienceRequest{})
		wantKind(t, err, tt.kind)
		if rotated.RefreshToken != tt.token || audience.AccessToken != "" || tt.token != "" && rotated.AccessToken != "at-0" {
			t.Errorf("%s: Audience gives %+v and %+v", name, audience, rotated)
		}
		if len(s.to(revokeURL)) != 0 {
			t.Errorf("%s: something was revoked", name)
		}
	}
}

// At a pairing such a grant is the caller's to revoke, or to leave alone.
func TestUnusableTokenAtPairing(t *testing.T) {
	for _, body := range []string{
		`{"access_token":"at-1","token_type":"mac","refresh_token":"rt-1"}`,
		`{"access_token":"at\u00e4","token_type":"Bearer","refresh_token":"rt-1"}`,
	} {
		flow(t, []wire{says(200, body)}, func(t *testing.T, s *server, _ time.Time, tok Token, err error) {
			wantKind(t, err, Server)
			if tok.RefreshToken != "rt-1" || tok.RevocationEndpoint != revokeURL || len(s.to(revokeURL)) != 0 || len(s.to(tokenURL)) != 1 {
				t.Errorf("%s: %+v, %d revocations", body, tok, len(s.to(revokeURL)))
			}
		})
	}
}

// "server_error" is the server's: to check the client would lead astray.
func TestServerErrorAtRefreshGivesNoClientAdvice(t *testing.T) {
	for _, code := range []string{"server_error", "temporarily_unavailable", "slow_down"} {
		_, err := newServer(t).on(tokenURL, says(400, fmt.Sprintf(`{"error":%q}`, code))).client().Refresh(t.Context(), grant())
		if e := wantKind(t, err, Server); strings.Contains(e.Detail, "client") || !strings.HasSuffix(e.Detail, "try again later") {
			t.Errorf("%s: says %q", code, e.Detail)
		}
	}
}
