package deviceauth

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/internal/statedir"
)

// memoryCache is a MetadataCache.
type memoryCache struct {
	body  []byte
	saves int
}

func (m *memoryCache) Load() ([]byte, error) {
	if m.body == nil {
		return nil, errors.New("empty")
	}
	return m.body, nil
}
func (m *memoryCache) Save(b []byte) error { m.body = b; m.saves++; return nil }

func cached(m *memoryCache) func(*Config) { return func(c *Config) { c.Cache = m } }

func TestMetadataURLs(t *testing.T) {
	for issuer, want := range map[string][]string{
		"https://as.example":     {"https://as.example/.well-known/openid-configuration", "https://as.example/.well-known/oauth-authorization-server"},
		"https://as.example/":    {"https://as.example/.well-known/openid-configuration", "https://as.example/.well-known/oauth-authorization-server"},
		"https://as.example/t/1": {"https://as.example/t/1/.well-known/openid-configuration", "https://as.example/.well-known/oauth-authorization-server/t/1", "https://as.example/.well-known/openid-configuration/t/1"},
	} {
		if got := metadataURLs(issuer); !slices.Equal(got, want) {
			t.Errorf("%s: %q", issuer, got)
		}
	}
}

func TestMetadataAtEachLocation(t *testing.T) {
	const base = "https://as.example/tenant"
	body := strings.ReplaceAll(metadataJSON(nil), `"issuer":"https://as.example"`, `"issuer":"`+base+`"`)
	for _, at := range metadataURLs(base) {
		for _, elsewhere := range []wire{says(404, ""), says(400, `{"error":"x"}`), says(200, strings.Replace(body, "device_auth", "x", 1)), says(200, metadataJSON(nil)), says(200, `{"a":1}`)} {
			s := newServer(t)
			for _, other := range metadataURLs(base) {
				s.on(other, elsewhere)
			}
			s.on(at, says(200, body))
			m, err := s.client(func(c *Config) { c.Issuer = base }).Metadata(t.Context())
			if err != nil || m.DeviceAuthorizationEndpoint != deviceURL || m.JWKSURI != keysURL {
				t.Errorf("%s: %+v, %v", at, m, err)
			}
		}
	}
}

func proveIssuer(t *testing.T) {
	for _, other := range []string{"https://other.example", issuer + "/", "https://AS.example", "HTTPS://as.example"} {
		s := newServer(t).on(issuer+"/.well-known/openid-configuration", says(200, metadataJSON(map[string]any{"issuer": other})))
		_, err := s.client().Begin(t.Context())
		e := wantKind(t, err, Misconfigured)
		if !strings.Contains(e.Detail, other) || !strings.Contains(e.Detail, issuer) {
			t.Errorf("says %q", e.Detail)
		}
		if len(s.to(deviceURL)) != 0 {
			t.Error("used metadata of another issuer")
		}
	}
}

func TestMetadataRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		answer wire
		kind   Kind
		says   string
	}{
		"not there":           {says(404, ""), Misconfigured, "no metadata at https://as.example (404 Not Found)"},
		"no device flow":      {says(200, metadataJSON(map[string]any{"device_authorization_endpoint": nil})), Misconfigured, "offers no device authorization"},
		"no issuer":           {says(200, `{"token_endpoint":"https://as.example/token"}`), Server, "something else than OAuth"},
		"an endpoint without": {says(200, metadataJSON(map[string]any{"jwks_uri": "http://as.example/keys"})), Misconfigured, "jwks_uri"},
		"server unavailable":  {says(503, "", "Retry-After", "30"), Server, "503"},
		"sign-in page":        {says(200, "<html>", "Content-Type", "text/html"), CaptivePortal, "wants a sign-in"},
		"led away":            {says(302, "", "Location", "http://portal.lan/?next=x"), CaptivePortal, "wants a sign-in"},
		"no network":          {wire{err: errors.New("no route")}, NoNetwork, "no answer from as.example"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t).on(issuer+"/.well-known/openid-configuration", tt.answer)
			_, err := s.client().Metadata(t.Context())
			if e := wantKind(t, err, tt.kind); !strings.Contains(e.Detail, tt.says) || e.Op != "metadata" {
				t.Errorf("says %q", e)
			}
		})
	}
}

func TestMetadataCache(t *testing.T) {
	down := func(c call) (wire, bool) { return wire{err: errors.New("down")}, c.method == "GET" }
	cache := &memoryCache{}
	s := newServer(t).on(deviceURL, says(200, deviceJSON))
	begin(t, s.client(cached(cache)))
	if cache.saves != 1 || strings.Contains(string(cache.body), "secret") {
		t.Fatalf("saved %d times: %s", cache.saves, cache.body)
	}
	s.handle = down
	begin(t, s.client(cached(cache))) // after a restart, with the metadata away
	for name, body := range map[string]string{"garbage": "\x00\x01", "of another issuer": metadataJSON(map[string]any{"issuer": "https://evil.example"}),
		"incomplete": metadataJSON(map[string]any{"token_endpoint": nil}), "plain": metadataJSON(map[string]any{"token_endpoint": "http://evil.example/"})} {
		_, err := s.client(cached(&memoryCache{body: []byte(body)})).Begin(t.Context())
		if e := wantKind(t, err, NoNetwork); e.Op != "metadata" {
			t.Errorf("%s: %v", name, e)
		}
	}
}

// Metadata that went wrong is not replaced by what was right once.
func TestMetadataThatChangedItsIssuer(t *testing.T) {
	cache := &memoryCache{body: []byte(metadataJSON(nil))}
	s := newServer(t).on(deviceURL, says(200, deviceJSON)).on(issuer+"/.well-known/openid-configuration", says(200, metadataJSON(map[string]any{"issuer": "https://evil.example"})))
	_, err := s.client(cached(cache)).Begin(t.Context())
	wantKind(t, err, Misconfigured)
	if len(s.to(deviceURL)) != 0 {
		t.Error("took the cached metadata")
	}
}

func TestMetadataIsAskedForEachHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t).on(deviceURL, says(200, deviceJSON))
		c := s.client()
		where := issuer + "/.well-known/openid-configuration"
		for _, tt := range []struct {
			after time.Duration
			n     int
		}{{0, 1}, {59 * time.Minute, 1}, {2 * time.Minute, 2}, {time.Minute, 2}} {
			time.Sleep(tt.after)
			if begin(t, c); len(s.to(where)) != tt.n {
				t.Errorf("after %v more: asked %d times, want %d", tt.after, len(s.to(where)), tt.n)
			}
		}
	})
}

// A refresh is one request. A verification asks for metadata after a day, once an hour at most and not for long, and
// goes on with what the server said before.
func TestVerifyAsksForMetadataEachDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		where := issuer + "/.well-known/openid-configuration"
		cache, a := &memoryCache{}, newAccount()
		s := newServer(t).on(keysURL, says(200, a.keys())).on(issuer+"/moved", says(200, a.keys()))
		s.handle = func(c call) (wire, bool) { return answerWith(a.idToken(nil)), c.url == tokenURL }
		c := s.client(cached(cache))
		if _, err := c.Metadata(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(23 * time.Hour)
		s.on(where, wire{err: errors.New("never"), after: time.Hour})
		for _, tt := range []struct {
			after time.Duration
			asked int
		}{{0, 1}, {2 * time.Hour, 2}, {time.Minute, 2}, {time.Hour, 3}} {
			time.Sleep(tt.after)
			tok, err := c.Refresh(t.Context(), grant())
			if err != nil || len(s.to(where)) > tt.asked {
				t.Fatalf("a refresh asked for metadata: %v", err)
			}
			start := time.Now()
			if _, err := c.Verify(t.Context(), tok); err != nil || time.Since(start) > 5*time.Second || len(s.to(where)) != tt.asked {
				t.Errorf("after %v more: %v in %v, asked %d times", tt.after, err, time.Since(start), len(s.to(where)))
			}
		}
		s.on(where, says(200, metadataJSON(map[string]any{"jwks_uri": issuer + "/moved", "revocation_endpoint": issuer + "/gone"})))
		time.Sleep(2 * time.Hour)
		tok, err := refreshed(t, c, grant())
		if err != nil || tok.RevocationEndpoint != issuer+"/gone" || len(s.to(issuer+"/moved")) != 1 || cache.saves != 2 {
			t.Errorf("%+v, %v, saved %d times", tok, err, cache.saves)
		}
	})
}

// After a restart the server is asked, whatever the cache says.
func TestCachedMetadataIsOld(t *testing.T) {
	body := metadataJSON(map[string]any{"device_authorization_endpoint": "https://evil.example/device", "paird_fetched": time.Now()})
	s := newServer(t).on(deviceURL, says(200, deviceJSON))
	begin(t, s.client(cached(&memoryCache{body: []byte(body)})))
	if n := len(s.to(issuer + "/.well-known/openid-configuration")); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// A userinfo endpoint that must not be asked is left out: it is worth a name only.
func TestBadUserinfoEndpointIsLeftOut(t *testing.T) {
	for _, bad := range []string{"http://as.example/userinfo", "javascript:x", "https://u:p@as.example/"} {
		m, err := parseMetadata([]byte(metadataJSON(map[string]any{"userinfo_endpoint": bad})), issuer)
		if err != nil || m.UserinfoEndpoint != "" || m.TokenEndpoint != tokenURL {
			t.Errorf("%s: %+v, %v", bad, m, err)
		}
	}
}

func TestEndpointsByHand(t *testing.T) {
	s := newServer(t).on(deviceURL, says(200, deviceJSON))
	c := s.client(byHand())
	begin(t, c)
	if len(s.calls) != 1 {
		t.Errorf("%d requests", len(s.calls))
	}
	if m, err := c.Metadata(t.Context()); err != nil || m.TokenEndpoint != tokenURL {
		t.Error(m, err)
	}
	// One by hand is put over the discovered ones.
	c = s.client(func(c *Config) { c.RevocationEndpoint = issuer + "/other" })
	if m, err := c.Metadata(t.Context()); err != nil || m.RevocationEndpoint != issuer+"/other" || m.TokenEndpoint != tokenURL {
		t.Error(m, err)
	}
}

// moving is a server whose endpoints have moved below /new since the client asked for its metadata. It answers with
// status where they were.
func moving(t *testing.T, status int, c func(*server) *Client) (*server, *Client) {
	where := issuer + "/.well-known/openid-configuration"
	s := newServer(t)
	client := c(s)
	if _, err := client.Metadata(t.Context()); err != nil {
		t.Fatal(err)
	}
	moved := map[string]any{"device_authorization_endpoint": issuer + "/new/device", "token_endpoint": issuer + "/new/token", "revocation_endpoint": issuer + "/new/revoke", "jwks_uri": issuer + "/new/keys"}
	s.on(where, says(200, metadataJSON(moved)))
	for _, old := range []string{deviceURL, tokenURL, revokeURL, keysURL} {
		s.on(old, says(status, "<html>nothing here</html>"))
	}
	s.on(issuer+"/new/device", says(200, deviceJSON)).on(issuer+"/new/token", says(200, tokenJSON)).on(issuer+"/new/revoke", says(200, "")).on(issuer+"/new/keys", says(200, someone.keys()))
	return s, client
}

// someone has the account of these tests.
var someone = newAccount()

// Each request, and where it goes.
var requests = map[string]struct {
	from, to string
	send     func(*testing.T, *Client) error
}{
	"begin": {deviceURL, issuer + "/new/device", func(t *testing.T, c *Client) error {
		p, err := c.Begin(t.Context())
		if err == nil && p.TokenEndpoint != issuer+"/new/token" {
			t.Errorf("polls will go to %s", p.TokenEndpoint)
		}
		return err
	}},
	"wait": {tokenURL, issuer + "/new/token", func(t *testing.T, c *Client) error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		tok, err := c.Wait(ctx, Pending{DeviceCode: "d", Issuer: issuer, ClientID: "printer", TokenEndpoint: tokenURL, Interval: s5, ExpiresIn: time.Hour, Issued: time.Now()})
		if err == nil && (tok.TokenEndpoint != issuer+"/new/token" || tok.RevocationEndpoint != issuer+"/new/revoke") {
			t.Errorf("the grant is bound to %+v", tok)
		}
		return err
	}},
	"refresh": {tokenURL, issuer + "/new/token", func(t *testing.T, c *Client) error {
		tok, err := c.Refresh(t.Context(), grant())
		if err == nil && tok.TokenEndpoint != issuer+"/new/token" {
			t.Errorf("the grant is bound to %+v", tok)
		}
		return err
	}},
	"audience": {tokenURL, issuer + "/new/token", func(t *testing.T, c *Client) error {
		_, rotated, err := c.Audience(t.Context(), grant(), AudienceRequest{})
		if err == nil && rotated.TokenEndpoint != issuer+"/new/token" {
			t.Errorf("the grant is bound to %+v", rotated)
		}
		return err
	}},
	"verify": {keysURL, issuer + "/new/keys", func(t *testing.T, c *Client) error {
		g := grant()
		g.IDToken = someone.idToken(nil)
		tok, err := c.Verify(t.Context(), g)
		if e, typed := errors.AsType[*Error](err); typed && !e.Later {
			t.Errorf("keys that are away refuse the ID token: %v", e)
		}
		if err == nil && (tok.Subject != "u-1" || tok.RevocationEndpoint != issuer+"/new/revoke") {
			t.Errorf("verified %+v", tok)
		}
		return err
	}},
	"revoke": {revokeURL, issuer + "/new/revoke", func(t *testing.T, c *Client) error {
		g := grant()
		g.RevocationEndpoint = revokeURL
		return c.Revoke(t.Context(), g)
	}},
}

// 404, 405 or 410 at a discovered endpoint ask for metadata at once and once, and the request goes to where that says.
func TestMovedEndpoint(t *testing.T) {
	where := issuer + "/.well-known/openid-configuration"
	for name, r := range requests {
		for _, status := range []int{404, 405, 410} {
			synctest.Test(t, func(t *testing.T) {
				s, c := moving(t, status, func(s *server) *Client { return s.client() })
				if err := r.send(t, c); err != nil || len(s.to(where)) != 2 || len(s.to(r.from)) != 1 || len(s.to(r.to)) != 1 {
					t.Errorf("%s, %d: %v; asked for metadata %d times", name, status, err, len(s.to(where)))
				}
			})
		}
	}
}

// Only then, and only there: other answers, metadata that says the same or is away, and endpoints of the configuration.
func TestNotMovedEndpoint(t *testing.T) {
	where := issuer + "/.well-known/openid-configuration"
	discovered := func(s *server) *Client { return s.client() }
	for name, r := range requests {
		for _, status := range []int{400, 401, 403, 429, 500, 502, 503} {
			synctest.Test(t, func(t *testing.T) {
				s, c := moving(t, status, discovered)
				if err := r.send(t, c); err == nil || len(s.to(where)) != 1 || len(s.to(r.to)) != 0 {
					t.Errorf("%s, %d: %v; asked for metadata %d times", name, status, err, len(s.to(where)))
				}
			})
		}
		for about, change := range map[string]func(s *server){
			"an OAuth error with 404": func(s *server) { s.on(r.from, says(404, `{"error":"invalid_client"}`)) },
			"the same metadata":       func(s *server) { s.on(where, says(200, metadataJSON(nil))) },
			"no metadata":             func(s *server) { s.on(where, says(503, "")) },
			"another issuer": func(s *server) {
				s.on(where, says(200, metadataJSON(map[string]any{"issuer": "https://evil.example", "token_endpoint": issuer + "/new/token"})))
			},
		} {
			if name == "verify" && about == "an OAuth error with 404" {
				continue // keys are a document, where every 404 is one
			}
			synctest.Test(t, func(t *testing.T) {
				s, c := moving(t, 404, discovered)
				change(s)
				most := 2
				if about == "an OAuth error with 404" {
					most = 1
				}
				if err := r.send(t, c); err == nil || len(s.to(where)) != most || len(s.to(r.to)) != 0 {
					t.Errorf("%s, %s: %v; asked for metadata %d times", name, about, err, len(s.to(where)))
				}
			})
		}
		synctest.Test(t, func(t *testing.T) {
			s, c := moving(t, 404, func(s *server) *Client {
				return s.client(func(c *Config) {
					c.DeviceAuthorizationEndpoint, c.TokenEndpoint, c.RevocationEndpoint, c.JWKSURI = deviceURL, tokenURL, revokeURL, keysURL
				})
			})
			if err := r.send(t, c); err == nil || len(s.to(where)) != 0 || len(s.to(r.to)) != 0 {
				t.Errorf("%s by hand: %v; asked for metadata %d times", name, err, len(s.to(where)))
			}
		})
	}
}

// A configured endpoint stays where it is configured, also where the others are discovered.
func TestConfiguredEndpointDoesNotMove(t *testing.T) {
	s, c := moving(t, 404, func(s *server) *Client {
		return s.client(func(c *Config) { c.RevocationEndpoint = revokeURL })
	})
	g := grant()
	g.RevocationEndpoint = revokeURL
	if err := c.Revoke(t.Context(), g); err == nil || len(s.to(issuer+"/.well-known/openid-configuration")) != 1 || len(s.to(issuer+"/new/revoke")) != 0 {
		t.Error(err)
	}
}

func TestSealedEndpoint(t *testing.T) {
	for _, tt := range []struct{ sealed, configured, fetched, want string }{
		{"", "", "", ""}, {"", "", "f", "f"}, {"", "c", "", "c"}, {"", "c", "f", "c"}, // a new grant: configured beats fetched
		{"s", "", "", "s"}, {"s", "", "f", "f"}, // a grant that is sealed: metadata may replace it,
		{"s", "c", "", "s"}, {"s", "c", "f", "f"}, // the configuration may not,
		{"c", "c", "f", "c"}, // and what is configured since the pairing stays
	} {
		if got := sealedEndpoint(tt.sealed, tt.configured, tt.fetched); got != tt.want {
			t.Errorf("%+v: %q", tt, got)
		}
	}
}

// TestFileCache keeps what it was given last, and writes only what has changed.
func TestFileCache(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "metadata.json")
	c := FileCache(dir)
	if _, err := c.Load(); err == nil {
		t.Error("there is something already")
	}
	for _, text := range []string{`{"a":1}`, `{}`} {
		if err := c.Save([]byte(text)); err != nil {
			t.Error(err)
		}
		if b, err := c.Load(); err != nil || string(b) != text {
			t.Errorf("%q is now %q: %v", text, b, err)
		}
	}
	old := time.Unix(1e9, 0)
	if err := os.Chtimes(file, old, old); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		text    string
		written bool
	}{{`{}`, false}, {`{"b":2}`, true}} {
		if err := c.Save([]byte(tt.text)); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(file); err != nil || info.ModTime().Equal(old) == tt.written {
			t.Errorf("%s: %v, %v", tt.text, info.ModTime(), err)
		}
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) != 1 {
		t.Errorf("leaves %q", names)
	}
}

// A planted file is neither read nor written through.
func TestFileCacheRefusesPlantedFiles(t *testing.T) {
	target := filepath.Join(t.TempDir(), "target")
	for name, plant := range map[string]func(dir, file string) error{
		"symbolic link": func(_, file string) error { return os.Symlink(target, file) },
		"hard link":     func(_, file string) error { return os.Link(target, file) },
		"for all to write": func(_, file string) error {
			return errors.Join(os.WriteFile(file, []byte("x"), 0o600), os.Chmod(file, 0o666))
		},
		"open folder": func(dir, file string) error {
			return errors.Join(os.WriteFile(file, []byte("x"), 0o600), os.Chmod(dir, 0o777))
		},
	} {
		if err := os.WriteFile(target, []byte(metadataJSON(nil)), 0o600); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := plant(dir, filepath.Join(dir, "metadata.json")); err != nil {
			t.Fatal(err)
		}
		c := FileCache(dir)
		_, err := c.Load()
		_, unsafe := errors.AsType[*statedir.UnsafeError](err)
		if err == nil || !unsafe && !errors.Is(err, statedir.ErrNotOurs) {
			t.Errorf("%s: %v", name, err)
		}
		c.Save([]byte("{}"))
		if b, err := os.ReadFile(target); err != nil || string(b) != metadataJSON(nil) {
			t.Errorf("%s: the target is now %q, %v", name, b, err)
		}
	}
}
