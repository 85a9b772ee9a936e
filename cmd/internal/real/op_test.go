//go:build real

package real

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
)

// startOP runs the OpenID Provider that is made of zitadel/oidc (scripts/real/op).
func startOP(t *testing.T, ca *e2e.Authority, args ...string) *provider {
	t.Helper()
	path := filepath.Join(t.TempDir(), "op")
	build := exec.Command("go", "build", "-C", scripts+"/real", "-o", path, "./op")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building scripts/real/op: %v\n%s", err, out)
	}
	cert := ca.Issue(t)
	op := e2e.Start(t, nil, path, append(args, cert.CertFile, cert.KeyFile)...)
	var first said
	op.Await(t, "issuer from op", func(line string) bool {
		return json.Unmarshal([]byte(line), &first) == nil && first.Issuer != ""
	})
	p := &provider{issuer: first.Issuer, ca: ca}
	p.agent.Store("")
	go p.follow(op)
	return p
}

// decide is the form of op's page.
func (p *provider) decide(t *testing.T, complete, user, decision string) {
	t.Helper()
	u := e2e.Must(url.Parse(complete))(t)
	resp := e2e.Must(p.client().PostForm(p.issuer+u.Path, url.Values{
		"user_code": {u.Query().Get("user_code")}, "user": {user}, "decision": {decision},
	}))(t)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s as %s: %s", decision, user, resp.Status)
	}
}

// userinfo asks whose an access token is.
func (p *provider) userinfo(t *testing.T, token string) (status int) {
	t.Helper()
	r := e2e.Must(http.NewRequestWithContext(t.Context(), "GET", p.issuer+"/userinfo", nil))(t)
	r.Header.Set("Authorization", "Bearer "+token)
	resp := e2e.Must(p.client().Do(r))(t)
	resp.Body.Close()
	return resp.StatusCode
}

// zitadel/oidc, whose ID tokens have no name: denied, paired with the name from userinfo, refreshed, paired by another user, reset.
func TestZitadelOP(t *testing.T) {
	t.Parallel()
	p := startOP(t, e2e.NewAuthority(t), "-lifetime", "6s")
	d := newDevice(t, p, `client_id = "printer"`)
	d.run()
	d.Do("pair")
	p.decide(t, d.pairing(), "alice", "deny")
	d.Await("denied", func(s control.Status) bool { return s.Problem != nil && s.Problem.Code == "denied" })

	d.Do("pair")
	p.decide(t, d.pairing(), "alice", "approve")
	d.Await("paired as alice", paired("alice Example"))
	first := strings.TrimSpace(d.Do("token"))
	e2e.Eventually(t, "two refreshes", func() bool { return p.refreshes.Load() >= 2 })
	second := strings.TrimSpace(d.Do("token"))
	if first == second || p.userinfo(t, second) != http.StatusOK {
		t.Errorf("the token after the refreshes is not a good one")
	}

	d.Do("pair")
	p.decide(t, d.pairing(), "bob", "approve")
	d.Await("paired as bob", paired("bob Example"))
	e2e.Eventually(t, "alice's grant is revoked", func() bool { return p.revoked.Load() == 1 })
	d.Do("reset", "--yes")
	e2e.Eventually(t, "bob's grant is revoked", func() bool { return p.revoked.Load() == 2 })
	if out, code := d.Paird("token"); code != 4 {
		t.Errorf("token after the reset: exit %d: %s", code, out)
	}
}
