package deviceauth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func proveNothingInURLs(t *testing.T) {
	flow(t, []wire{pending(), says(200, tokenJSON)}, func(t *testing.T, s *server, _ time.Time, tok Token, err error) {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.lastClient.Refresh(t.Context(), tok); err != nil {
			t.Fatal(err)
		}
		s.on(revokeURL, says(200, ""))
		if err := s.lastClient.Revoke(t.Context(), tok); err != nil {
			t.Fatal(err)
		}
		for _, call := range s.calls {
			if strings.ContainsAny(call.url, "?#@") || strings.Contains(call.url, "secret") {
				t.Errorf("asked for %s", call.url)
			}
		}
	}, credentials("post"))
}

// Each error of each method, with a server that repeats all it was sent.
func proveErrorsKeepSecrets(t *testing.T) {
	const endpoint = tokenURL + "?key=query-secret"
	for _, kind := range []string{"body", "transport", "redirect"} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t)
			echo := false
			s.handle = func(c call) (wire, bool) {
				if !echo || c.method == "GET" {
					return wire{}, false
				}
				switch kind {
				case "transport":
					return wire{err: fmt.Errorf("lost"), lost: true}, true
				case "redirect":
					return says(302, "", "Location", "http://x.example/?"+c.raw), true
				}
				quoted := fmt.Sprintf("%v and %s see https://x.example/e?%s", c.form, c.header.Get("Authorization"), c.raw)
				return says(400, fmt.Sprintf(`{"error":"invalid_request","error_description":%q}`, quoted)), true
			}
			s.on(deviceURL, says(200, strings.ReplaceAll(deviceJSON, `"expires_in":600`, `"expires_in":20`)))
			c := s.client(credentials("post"), func(c *Config) { c.TokenEndpoint, c.PKCE = endpoint, "on" })
			p := begin(t, c)
			echo = true
			g := grant()
			g.TokenEndpoint, g.RefreshToken, g.AccessToken = endpoint, "refresh-secret", "access-secret"
			_, begun := c.Begin(t.Context())
			_, waited := c.Wait(t.Context(), p)
			_, refreshed := c.Refresh(t.Context(), g)
			_, _, further := c.Audience(t.Context(), g, AudienceRequest{Scopes: []string{"x"}})
			for i, err := range []error{begun, waited, refreshed, further, c.Revoke(t.Context(), g)} {
				text := fmt.Sprintf("%v %+v", err, errors.Unwrap(err))
				for _, secret := range []string{"secret", "s3cr", p.CodeVerifier, challenge(p.CodeVerifier)} {
					if err == nil || strings.Contains(strings.ReplaceAll(text, "client_secret", ""), secret) {
						t.Errorf("%s, error %d holds %q: %s", kind, i, secret, text)
					}
				}
				if e, ok := errors.AsType[*Error](err); !ok || strings.ContainsAny(e.Error(), "\n\r") {
					t.Errorf("error %d is no line: %q", i, err)
				}
			}
		})
	}
}

func proveTimeLimit(t *testing.T) {
	hang := wire{err: errors.New("never"), after: 1000 * time.Hour}
	for name, ask := range map[string]func(context.Context, *Client) error{
		"metadata": func(ctx context.Context, c *Client) error { _, err := c.Metadata(ctx); return err },
		"begin":    func(ctx context.Context, c *Client) error { _, err := c.Begin(ctx); return err },
		"refresh": func(ctx context.Context, c *Client) error {
			g := grant()
			g.Issuer = ""
			_, err := c.Refresh(ctx, g)
			return err
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t).on(issuer+"/.well-known/openid-configuration", hang).on(deviceURL, hang).on(tokenURL, hang)
			c := s.client()
			if name != "metadata" {
				c = s.client(byHand())
			}
			start := time.Now()
			if err := ask(t.Context(), c); err == nil || time.Since(start) != 20*time.Second {
				t.Errorf("%s: %v after %v", name, err, time.Since(start))
			}
		})
	}
}

// endless is a body that never ends.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read += len(p)
	return len(p), nil
}
func (e *endless) Close() error { return nil }

// tripper is a transport made of a function.
type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func proveBodyLimit(t *testing.T) {
	body := &endless{}
	c, err := New(Config{DeviceAuthorizationEndpoint: deviceURL, TokenEndpoint: tokenURL, ClientID: "x", HTTP: tripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: body, Request: r}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Begin(t.Context())
	if e := wantKind(t, err, Server); !strings.Contains(e.Detail, "more than 64 KiB") || body.read > 128<<10 {
		t.Errorf("read %d bytes: %v", body.read, err)
	}
	padded := func(n int) wire { return says(200, deviceJSON+strings.Repeat(" ", n-len(deviceJSON))) }
	begin(t, newServer(t).on(deviceURL, padded(64<<10)).client())
	_, err = newServer(t).on(deviceURL, padded(64<<10+1)).client().Begin(t.Context())
	wantKind(t, err, Server)
}

func proveRedirects(t *testing.T) {
	where := issuer + "/.well-known/openid-configuration"
	for to, follows := range map[string]bool{
		issuer + "/moved": true, "/moved": true, "http://as.example/moved": false, "https://other.example/moved": false,
		"https://as.example:8443/moved": false, "ftp://as.example/moved": false,
	} {
		s := newServer(t).on(where, says(301, "", "Location", to))
		for _, u := range []string{issuer + "/moved", "http://as.example/moved", "https://other.example/moved", "https://as.example:8443/moved"} {
			s.on(u, says(200, metadataJSON(nil)))
		}
		if _, err := s.client().Metadata(t.Context()); (err == nil) != follows {
			t.Errorf("to %s: %v", to, err)
		}
	}
	s := newServer(t).on(where, says(302, "", "Location", where)) // round and round
	if _, err := s.client().Metadata(t.Context()); err == nil || len(s.to(where)) > 10 {
		t.Errorf("%v after %d requests", err, len(s.to(where)))
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, to := range []string{issuer + "/moved", "https://other.example/", "http://as.example/token"} {
			s := newServer(t).on(tokenURL, says(status, "", "Location", to)).on(issuer+"/moved", says(200, tokenJSON))
			if _, err := s.client().Refresh(t.Context(), grant()); err == nil || len(s.to(tokenURL)) != 1 || len(s.to(to)) != 0 {
				t.Errorf("%d to %s: %v", status, to, err)
			}
		}
	}
}

func TestEndpointURL(t *testing.T) {
	for s, good := range map[string]bool{
		"https://as.example/x?y=z": true, "HTTPS://as.example": true, "http://localhost:1/": true, "http://127.9.9.9/": true, "http://[::1]:8/": true,
		"http://[::ffff:127.0.0.1]/": true, "http://as.example": false, "http://localhost.example": false, "http://128.0.0.1": false,
		"http://127.0.0.1.example": false, "https://": false, "https://:443/": false, "as.example": false, "https://a@as.example": false,
		"https://as.example/#x": false, "https://as.example/#": false, "ftp://as.example": false, "https://as.example/\n": false, "": false,
	} {
		if _, err := endpointURL(s); (err == nil) != good {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestChallengeError(t *testing.T) {
	for field, want := range map[string]string{
		`DPoP error="use_dpop_nonce"`:                                          "use_dpop_nonce",
		`DPoP error=use_dpop_nonce`:                                            "use_dpop_nonce",
		`Basic realm="a, error=\"b\"", DPoP algs="ES256", ERROR="x\y_z"`:       "xy_z",
		`Bearer realm="error=x"`:                                               "",
		`Negotiate YII=, DPoP error="invalid_dpop_proof", error_description=x`: "invalid_dpop_proof",
		``: "", `"`: "", `error="`: "", `error="\`: "", `====`: "", `error`: "",
	} {
		if got := challengeError(http.Header{"Www-Authenticate": {field}}); got != want {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
	}
}

func TestBodyThatBreaksOffIsLost(t *testing.T) {
	broken := tripper(func(r *http.Request) (*http.Response, error) {
		s := newServer(t).on(tokenURL, says(200, ""))
		resp, err := s.RoundTrip(r)
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(tokenJSON[:20]), errorReader{}))
		return resp, err
	})
	c, err := New(Config{DeviceAuthorizationEndpoint: deviceURL, TokenEndpoint: tokenURL, ClientID: "printer", HTTP: broken})
	if err != nil {
		t.Fatal(err)
	}
	g := grant()
	g.Issuer = ""
	_, err = c.Refresh(t.Context(), g)
	wantKind(t, err, Lost)
}

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, syscall.ECONNRESET }
