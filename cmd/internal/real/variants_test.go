//go:build real

package real

import (
	"encoding/base64"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paird/paird/agent/control"
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
			p := startProvider(t, newAuthority(t), test.provider)
			frame := filepath.Join(t.TempDir(), "panel.png")
			auth := strings.ReplaceAll(test.auth, "SECRET", secretFile(t))
			d := &device{t: t, panel: fileOf(frame), config: configure(t, p, auth, pngPanel(frame))}
			d.run()
			d.must("pair")
			newPhone(t, p.ca).approve(d.pairing(), "alice")
			d.await("paired as alice", paired("alice Example"))
			eventually(t, "two refreshes", func() bool { return p.refreshes.Load() >= 2 })
			token := strings.TrimSpace(d.must("token"))
			test.token(t, p, token)

			d.must("reset", "--yes")
			if s := d.status(); s.State != control.StateUnpaired || s.Grant != nil {
				t.Errorf("after the reset: %+v", s)
			}
			granted := p.refreshes.Load()
			if out, code := d.paird("token"); code != 4 || p.refreshes.Load() != granted {
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

// forMQTT wants a JWT whose audience is the resource.
func forMQTT(t *testing.T, _ *provider, token string) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("this is no JWT: %d parts", len(parts))
	}
	var claims struct {
		Audience string `json:"aud"`
	}
	payload := must(base64.RawURLEncoding.DecodeString(parts[1]))(t)
	if err := json.Unmarshal(payload, &claims); err != nil || claims.Audience != "https://mqtt.example" {
		t.Errorf("audience %q %v", claims.Audience, err)
	}
}

// bound wants a token that the server bound to a key (RFC 9449 section 6.2).
func bound(t *testing.T, p *provider, token string) {
	answer := p.introspect(token)
	if !answer.Active || answer.TokenType != "DPoP" || answer.Confirmation.Thumbprint == "" {
		t.Errorf("introspection: %+v", answer)
	}
}

// Nobody comes: the code runs out, the panel says so and asks for a press; nothing is asked by itself.
func TestExpiry(t *testing.T) {
	p := startProvider(t, newAuthority(t), `{"deviceCodeTTL": 6}`)
	d, press := simulated(t, p)
	d.run()
	press("")
	d.pairing()
	d.await("expired", func(s control.Status) bool {
		return s.State == control.StateUnpaired && s.Problem != nil && s.Problem.Code == "expired"
	})
	eventually(t, "the code is gone from the panel", func() bool { return readQR(t, d.panel()) == "" })
}

// The owner takes the device out of the account at the server: it notices and is unpaired.
func TestRevokedAtTheServer(t *testing.T) {
	p := startProvider(t, newAuthority(t), `{"accessTokenTTL": 6}`)
	frame := filepath.Join(t.TempDir(), "panel.png")
	d := &device{t: t, panel: fileOf(frame), config: configure(t, p, `client_id = "printer"`, pngPanel(frame))}
	d.run()
	d.must("pair")
	newPhone(t, p.ca).approve(d.pairing(), "alice")
	d.await("paired as alice", paired("alice Example"))
	p.revoke(t, strings.TrimSpace(d.must("token")))
	d.await("unpaired", func(s control.Status) bool { return s.State == control.StateUnpaired && s.Grant == nil })
}
