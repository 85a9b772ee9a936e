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
)

// startOP runs the OpenID Provider that is made of zitadel/oidc (scripts/real/op).
func startOP(t *testing.T, ca *authority, args ...string) *provider {
	t.Helper()
	path := filepath.Join(t.TempDir(), "op")
	build := exec.Command("go", "build", "-C", scripts+"/real", "-o", path, "./op")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building scripts/real/op: %v\n%s", err, out)
	}
	cert := ca.issue(t)
	op := start(t, path, append(args, cert.certFile, cert.keyFile)...)
	var first said
	op.await(t, "issuer from op", func(line string) bool {
		return json.Unmarshal([]byte(line), &first) == nil && first.Issuer != ""
	})
	p := &provider{issuer: first.Issuer, ca: ca}
	p.agent.Store("")
	go func() {
		for line := range op.lines {
			var s said
			if json.Unmarshal([]byte(line), &s) == nil && s.Event != "" {
				p.note(s)
			}
		}
	}()
	return p
}

// decide is the form of op's page.
func (p *provider) decide(t *testing.T, complete, user, decision string) {
	t.Helper()
	u := must(url.Parse(complete))(t)
	resp := must(p.client().PostForm(p.issuer+u.Path, url.Values{
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
	r := must(http.NewRequestWithContext(t.Context(), "GET", p.issuer+"/userinfo", nil))(t)
	r.Header.Set("Authorization", "Bearer "+token)
	resp := must(p.client().Do(r))(t)
	resp.Body.Close()
	return resp.StatusCode
}

// pairedBy is paired, for a provider whose ID tokens have no name.
func pairedBy(subject string) func(control.Status) bool {
	return func(s control.Status) bool {
		return s.State == control.StatePaired && s.Grant != nil && s.Grant.Subject == subject
	}
}

// zitadel/oidc: denied, paired, refreshed, paired by another user, reset.
func TestZitadelOP(t *testing.T) {
	t.Parallel()
	p := startOP(t, newAuthority(t), "-lifetime", "6s")
	frame := filepath.Join(t.TempDir(), "panel.png")
	d := &device{t: t, panel: fileOf(frame), config: configure(t, p, `client_id = "printer"`, pngPanel(frame))}
	d.run()
	d.must("pair")
	p.decide(t, d.pairing(), "alice", "deny")
	d.await("denied", func(s control.Status) bool { return s.Problem != nil && s.Problem.Code == "denied" })

	d.must("pair")
	p.decide(t, d.pairing(), "alice", "approve")
	d.await("paired as alice", pairedBy("alice"))
	first := strings.TrimSpace(d.must("token"))
	eventually(t, "two refreshes", func() bool { return p.refreshes.Load() >= 2 })
	second := strings.TrimSpace(d.must("token"))
	if first == second || p.userinfo(t, second) != http.StatusOK {
		t.Errorf("the token after the refreshes is not a good one")
	}

	d.must("pair")
	p.decide(t, d.pairing(), "bob", "approve")
	d.await("paired as bob", pairedBy("bob"))
	eventually(t, "alice's grant is revoked", func() bool { return p.revoked.Load() == 1 })
	d.must("reset", "--yes")
	eventually(t, "bob's grant is revoked", func() bool { return p.revoked.Load() == 2 })
	if out, code := d.paird("token"); code != 4 {
		t.Errorf("token after the reset: exit %d: %s", code, out)
	}
}
