package deviceauth

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func proveRevokeUnknown(t *testing.T) {
	s := newServer(t).on(revokeURL, says(200, ""))
	g := grant()
	if err := s.client().Revoke(t.Context(), g); err != nil {
		t.Error(err)
	}
	g.RefreshToken = ""
	if err := s.client().Revoke(t.Context(), g); err != nil {
		t.Error(err)
	}
	for i, want := range []string{"client_id=printer&token=rt-0&token_type_hint=refresh_token", "client_id=printer&token=at-0&token_type_hint=access_token"} {
		if got := s.to(revokeURL)[i].raw; got != want {
			t.Errorf("sent %q", got)
		}
	}
}

func proveRevokeRetry(t *testing.T) {
	for _, tt := range []struct {
		name   string
		script []wire
		limit  time.Duration
		calls  int
		took   time.Duration
		kind   Kind
	}{
		{"back in time", []wire{says(503, "", "Retry-After", "3"), says(200, "")}, 10 * time.Second, 2, 3 * time.Second, ""},
		{"too late", []wire{says(503, "", "Retry-After", "60"), says(200, "")}, 10 * time.Second, 1, 0, Server},
		{"not back", []wire{says(503, "")}, 10 * time.Second, 3, 2 * time.Second, Server},
		{"no network at first", []wire{{err: errors.New("no route")}, says(200, "")}, 10 * time.Second, 2, time.Second, ""},
		{"no network", []wire{{err: errors.New("no route")}}, 10 * time.Second, 3, 2 * time.Second, NoNetwork},
		{"500", []wire{says(500, "")}, 10 * time.Second, 1, 0, Server},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(t).on(revokeURL, tt.script...)
				ctx, cancel := context.WithTimeout(t.Context(), tt.limit)
				defer cancel()
				start := time.Now()
				err := s.client().Revoke(ctx, grant())
				if tt.kind != "" {
					wantKind(t, err, tt.kind)
				} else if err != nil {
					t.Error(err)
				}
				if n := len(s.to(revokeURL)); n != tt.calls || time.Since(start) != tt.took {
					t.Errorf("%d requests in %v", n, time.Since(start))
				}
			})
		})
	}
}

func proveRevokeSays(t *testing.T) {
	for _, tt := range []struct {
		name, says string
		answer     wire
		kind       Kind
	}{
		{"Glewlwyd: public client", "401 Unauthorized: remove the device in your account", says(401, ""), Misconfigured},
		{"oidc-provider: JWT", "unsupported_token_type: remove the device", says(400, `{"error":"unsupported_token_type"}`), Misconfigured},
		{"refused client", "invalid_client", says(401, `{"error":"invalid_client"}`), Misconfigured},
		{"led away", "wants a sign-in", says(302, "", "Location", "http://portal.lan/"), CaptivePortal},
		{"sign-in page", "wants a sign-in", says(200, "<html>", "Content-Type", "text/html"), CaptivePortal},
	} {
		s := newServer(t).on(revokeURL, tt.answer)
		if e := wantKind(t, s.client().Revoke(t.Context(), grant()), tt.kind); !strings.Contains(e.Detail, tt.says) || len(s.to(revokeURL)) != 1 {
			t.Errorf("%s: says %q", tt.name, e.Detail)
		}
	}
	s := newServer(t) // Dex
	s.on(issuer+"/.well-known/openid-configuration", says(200, metadataJSON(map[string]any{"revocation_endpoint": nil})))
	if e := wantKind(t, s.client().Revoke(t.Context(), grant()), Misconfigured); !strings.Contains(e.Detail, "no revocation endpoint") {
		t.Errorf("says %q", e.Detail)
	}
	g := grant()
	g.Issuer = "https://other.example"
	wantKind(t, s.client().Revoke(t.Context(), g), Misconfigured)
}

// Where a token is revoked is sealed with the grant. The cache, which anyone who can write the folder may have made,
// does not decide it; the server does, over TLS.
func TestRevokeGoesToTheSealedEndpoint(t *testing.T) {
	const evil = "https://evil.example/revoke"
	planted := &memoryCache{body: []byte(metadataJSON(map[string]any{"revocation_endpoint": evil}))}
	down := func(c call) (wire, bool) { return wire{err: errors.New("down")}, c.method == "GET" }
	g := grant()
	g.RevocationEndpoint = revokeURL
	s := newServer(t).on(revokeURL, says(200, "")).on(evil, says(200, ""))
	s.handle = down
	if err := s.client(cached(planted)).Revoke(t.Context(), g); err != nil || len(s.to(revokeURL)) != 1 || len(s.calls) != 1 {
		t.Errorf("sealed: %v after %d requests", err, len(s.calls))
	}
	s = newServer(t).on(revokeURL, says(200, "")).on(evil, says(200, ""))
	if err := s.client(cached(planted)).Revoke(t.Context(), grant()); err != nil || len(s.to(revokeURL)) != 1 || len(s.to(evil)) != 0 {
		t.Errorf("not sealed: %v", err)
	}
	s.handle = down
	wantKind(t, s.client(cached(planted)).Revoke(t.Context(), grant()), NoNetwork)
	if len(s.to(evil)) != 0 {
		t.Error("the cache decided where the token goes")
	}
	s = newServer(t).on(revokeURL, says(200, "")).on(evil, says(200, "")) // nor does a configuration of another time
	if err := s.client(func(c *Config) { c.RevocationEndpoint = evil }).Revoke(t.Context(), g); err != nil || len(s.to(evil)) != 0 {
		t.Errorf("configured: %v", err)
	}
}
