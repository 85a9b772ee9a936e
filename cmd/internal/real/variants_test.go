//go:build real

package real

import (
	"strings"
	"testing"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
)

// What servers ask of clients beyond the plain flow; each pairs, refreshes twice and is revoked by a reset.
func TestVariants(t *testing.T) {
	for _, test := range []struct {
		name, provider, auth string
		token                func(t *testing.T, p *provider, token string)
	}{
		{"public client", `{"accessTokenTTL": 4}`, `client_id = "printer"`, opaque},
		{"secret by Basic", `{"accessTokenTTL": 4}`, "client_id = \"speaker\"\nclient_secret_file = \"SECRET\"", opaque},
		{"JWT by resource", `{"accessTokenTTL": 4, "jwt": true}`, "client_id = \"printer\"\nresource = [\"https://mqtt.example\"]", forMQTT},
		{"DPoP with a nonce", `{"accessTokenTTL": 4, "dpopNonce": true}`, "client_id = \"printer\"\ndpop = \"on\"", bound},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := startProvider(t, e2e.NewAuthority(t), test.provider)
			auth := strings.ReplaceAll(test.auth, "SECRET", e2e.Secret(t, "secret", "a secret of the speaker\n"))
			d := newDevice(t, p, auth)
			d.run()
			d.Do("pair")
			newPhone(t, p.ca).approve(d.pairing(), "alice")
			d.Await("paired as alice", paired("alice Example"))
			e2e.Eventually(t, "two refreshes", func() bool { return p.refreshes.Load() >= 2 })
			token := strings.TrimSpace(d.Do("token"))
			test.token(t, p, token)

			d.Do("reset", "--yes")
			if s := d.Now(); s.State != control.StateUnpaired || s.Grant != nil {
				t.Errorf("after the reset: %+v", s)
			}
			granted := p.refreshes.Load()
			if out, code := d.Paird("token"); code != 4 || p.refreshes.Load() != granted {
				t.Errorf("paird token after the reset: exit %d: %s", code, out)
			}
		})
	}
}

// opaque tokens are known to the server only.
func opaque(t *testing.T, p *provider, token string) {
	if !p.active(token) {
		t.Error("the provider does not know the token")
	}
}

// forMQTT checks for a JWT whose audience is the resource.
func forMQTT(t *testing.T, _ *provider, token string) {
	if audience, _ := claimsOf(t, token); audience != "https://mqtt.example" {
		t.Errorf("audience %q", audience)
	}
}

// bound checks for a token that the server bound to a key (RFC 9449 section 6.2).
func bound(t *testing.T, p *provider, token string) {
	answer := p.introspect(token)
	if !answer.Active || answer.TokenType != "DPoP" || answer.Confirmation.Thumbprint == "" {
		t.Errorf("introspection: %+v", answer)
	}
}

// No user comes: the code runs out, the panel says so and asks for a press; nothing is asked by itself.
func TestExpiry(t *testing.T) {
	p := startProvider(t, e2e.NewAuthority(t), `{"deviceCodeTTL": 6}`)
	d, press := simulated(t, p)
	d.run()
	press("")
	d.pairing()
	d.Await("expired", func(s control.Status) bool {
		return s.State == control.StateUnpaired && s.Problem != nil && s.Problem.Code == "expired"
	})
	e2e.Eventually(t, "the code is gone from the panel", func() bool { return readQR(t, d.panel()) == "" })
}

// The owner takes the device out of the account at the server: it notices and is unpaired.
func TestRevokedAtTheServer(t *testing.T) {
	p := startProvider(t, e2e.NewAuthority(t), `{"accessTokenTTL": 6}`)
	d := newDevice(t, p, `client_id = "printer"`)
	d.run()
	d.Do("pair")
	newPhone(t, p.ca).approve(d.pairing(), "alice")
	d.Await("paired as alice", paired("alice Example"))
	p.revoke(t, strings.TrimSpace(d.Do("token")))
	d.Await("unpaired", func(s control.Status) bool { return s.State == control.StateUnpaired && s.Grant == nil })
}
