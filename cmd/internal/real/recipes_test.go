//go:build real

package real

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/paird/paird/cmd/internal/e2e"
)

// recipe is a file of config/recipes as a person uses it: their own issuer, client and certificates in place of the
// example's, all else as it stands there.
func recipe(t *testing.T, name string, p *provider) *e2e.Device {
	t.Helper()
	text := string(e2e.Must(os.ReadFile(root + "/config/recipes/" + name + ".toml"))(t))
	for key, value := range map[string]string{"issuer": p.issuer, "client_id": "printer"} {
		line := regexp.MustCompile(`(?m)^` + key + ` = .*$`)
		if !line.MatchString(text) {
			t.Fatalf("%s sets no %s", name, key)
		}
		text = line.ReplaceAllString(text, fmt.Sprintf("%s = %q", key, value))
	}
	return e2e.NewDevice(t, "", text+fmt.Sprintf("ca_file = %q\n", p.ca.File))
}

// The recipes whose servers run here pair and refresh, and give what they promise.
func TestRecipes(t *testing.T) {
	for _, test := range []struct {
		name, options, audience string
	}{
		{"oidc-provider", `{"accessTokenTTL": 4, "jwt": true, "resource": "https://api.example.com", "apiScope": "telemetry.write"}`, "https://api.example.com"},
		{"logto", `{"accessTokenTTL": 4, "jwt": true, "resource": "https://api.example.com", "apiScope": "telemetry:write"}`, "https://api.example.com"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := startProvider(t, e2e.NewAuthority(t), test.options)
			d := recipe(t, test.name, p)
			d.Do("config", "check")
			d.Start()
			d.Do("pair")
			newPhone(t, p.ca).approve(d.Await("pairing", e2e.Pairing).Pairing.VerificationURIComplete, "alice")
			s := d.Await("paired as alice", paired("alice Example"))
			e2e.Eventually(t, "two refreshes", func() bool { return p.refreshes.Load() >= 2 })
			if s.Problem != nil {
				t.Errorf("problem %+v", s.Problem)
			}
			if aud, scope := claimsOf(t, strings.TrimSpace(d.Do("token"))); aud != test.audience || !strings.Contains(scope, "telemetry") {
				t.Errorf("the token is for %q with %q", aud, scope)
			}
		})
	}
	t.Run("zitadel", func(t *testing.T) {
		t.Parallel()
		p := startOP(t, e2e.NewAuthority(t), "-lifetime", "4s")
		d := recipe(t, "zitadel", p)
		d.Do("config", "check")
		d.Start()
		d.Do("pair")
		p.decide(t, d.Await("pairing", e2e.Pairing).Pairing.VerificationURIComplete, "alice", "approve")
		d.Await("paired as alice", paired("alice Example"))
		e2e.Eventually(t, "two refreshes", func() bool { return p.refreshes.Load() >= 2 })
	})
}

// claimsOf reads audience and scope of a JWT.
func claimsOf(t *testing.T, token string) (audience, scope string) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("this is no JWT: %d parts", len(parts))
	}
	var claims struct {
		Audience string `json:"aud"`
		Scope    string `json:"scope"`
	}
	if err := json.Unmarshal(e2e.Must(base64.RawURLEncoding.DecodeString(parts[1]))(t), &claims); err != nil {
		t.Fatal(err)
	}
	return claims.Audience, claims.Scope
}
