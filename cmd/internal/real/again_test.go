//go:build real

package real

import (
	"fmt"
	"strings"
	"testing"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	lab "github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/internal/provider/providertest"
)

// server is what a device that pairs again meets: a person with a browser, and what the server counts.
type server struct {
	auth      string                                         // the [auth] section of a device
	approve   func(t *testing.T, d *e2e.Device, name string) // in one browser for each name
	refreshes func() int
}

// logto is oidc-provider as Logto configures it: refresh tokens rotate, and approvals in one browser session share
// a grant, so that revoking one of its tokens ends all.
func logto(t *testing.T) server {
	t.Helper()
	p := startProvider(t, e2e.NewAuthority(t), `{"accessTokenTTL": 3}`)
	browsers := map[string]*phone{}
	return server{
		auth: fmt.Sprintf("[auth]\nissuer = %q\nca_file = %q\nclient_id = \"printer\"\nscopes = [\"openid\", \"offline_access\", \"profile\"]\n", p.issuer, p.ca.File),
		approve: func(t *testing.T, d *e2e.Device, name string) {
			if browsers[name] == nil {
				browsers[name] = newPhone(t, p.ca)
			}
			s := d.Await("pairing", e2e.Pairing)
			browsers[name].approve(s.Pairing.VerificationURIComplete, name)
		},
		refreshes: func() int { return int(p.refreshes.Load()) },
	}
}

// embedded is the lab's own server with grants of the same kind.
func embedded(t *testing.T) server {
	t.Helper()
	p := providertest.New(t, func(o *lab.Options) { o.SharedGrants, o.AccessLifetime = true, 3e9 })
	return server{
		auth: fmt.Sprintf("[auth]\nissuer = %q\nclient_id = \"printer\"\nscopes = [\"openid\", \"offline_access\", \"profile\"]\n", p.URL),
		approve: func(t *testing.T, d *e2e.Device, name string) {
			s := d.Await("pairing", e2e.Pairing)
			if err := p.Decide(s.Pairing.UserCode, name, lab.Approve); err != nil {
				t.Fatal(err)
			}
		},
		refreshes: func() int { return p.Count(lab.Refreshed) },
	}
}

// Paired again as the same person in the same browser, the device stays paired: nothing is revoked that the new
// tokens depend on. Then another person takes it over, and a reset ends it.
func TestPairsAgainAsTheSamePerson(t *testing.T) {
	for name, start := range map[string]func(*testing.T) server{"oidc-provider, Logto's settings": logto, "the lab's, shared grants": embedded} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			d := e2e.NewDevice(t, "", s.auth)
			d.Start()
			d.Do("pair")
			s.approve(t, d, "alice")
			first := d.Await("paired as alice", e2e.Paired).Grant

			d.Do("pair")
			s.approve(t, d, "alice")
			d.Await("paired again", func(now control.Status) bool { return e2e.Paired(now) && now.Grant.Subject == first.Subject })
			refreshed := s.refreshes()
			e2e.Eventually(t, "three refreshes after pairing again", func() bool { return s.refreshes() >= refreshed+3 })
			if now := d.Now(); !e2e.Paired(now) || now.Problem != nil {
				t.Errorf("after three refreshes: %+v", now)
			}

			d.Do("pair")
			s.approve(t, d, "bob")
			d.Await("paired as bob", func(now control.Status) bool { return e2e.Paired(now) && now.Grant.Subject != first.Subject })
			d.Do("reset", "--yes")
			if now := d.Now(); !e2e.Unpaired(now) {
				t.Errorf("after the reset: %+v", now)
			}
			if out, code := d.Paird("token"); code != 4 {
				t.Errorf("token after the reset: exit %d: %s", code, out)
			}
		})
	}
}

// Two devices of one owner, approved in one browser: where the server makes them one grant, the reset of the first
// un-pairs the second, unless auth.revoke = "never".
func TestResetOfOneOfTwoDevices(t *testing.T) {
	for _, test := range []struct {
		revoke string
		lives  bool
	}{{"reset", false}, {"never", true}} {
		t.Run(test.revoke, func(t *testing.T) {
			t.Parallel()
			s := logto(t)
			auth := s.auth + fmt.Sprintf("revoke = %q\n", test.revoke)
			first, second := e2e.NewDevice(t, "", auth), e2e.NewDevice(t, "", auth)
			for _, d := range []*e2e.Device{first, second} {
				d.Start()
				d.Do("pair")
				s.approve(t, d, "alice")
				d.Await("paired", e2e.Paired)
			}
			result, err := first.Reset(t.Context())
			if err != nil || !result.Erased || result.Revoked == test.lives {
				t.Fatalf("%+v %v", result, err)
			}
			if test.lives && !strings.Contains(result.Detail, "in your account") {
				t.Errorf("the reset does not say what is left to do: %q", result.Detail)
			}
			if !test.lives {
				second.Await("unpaired by the reset of the other", e2e.Unpaired)
				return
			}
			refreshed := s.refreshes()
			e2e.Eventually(t, "three refreshes of the other", func() bool { return s.refreshes() >= refreshed+3 })
			if now := second.Now(); !e2e.Paired(now) || now.Problem != nil {
				t.Errorf("the other device: %+v", now)
			}
		})
	}
}
