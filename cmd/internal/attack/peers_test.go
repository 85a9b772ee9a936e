//go:build real

package attack

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/internal/provider/providertest"
)

// Another user of the same board gets what [control] names, by the kernel's word, and nothing else.
func TestAnotherUserOfTheBoard(t *testing.T) {
	t.Parallel()
	e2e.NeedsRoot(t, "two accounts call")
	p := providertest.New(t, nil)
	d := newDevice(t, p, "status = [\"*\"]\ntoken = [\"group:nogroup\"]\npublish = [\"user:games\"]\npair = [\"group:daemon\"]\n")
	d.RunAs(e2e.Account{Name: "bin", UID: 2, GID: 2})
	d.Start()
	d.Do("pair")
	secret := d.Await("pairing", e2e.Pairing).Pairing.UserCode

	nobody := func(args ...string) (string, int) {
		d.Helper()
		become := []string{"--reuid=nobody", "--regid=nogroup", "--clear-groups", "--", e2e.Program("paird")}
		return e2e.Run(d, "setpriv", append(append(become, args...), "--config", d.Config)...)
	}
	out, code := nobody("status", "--json")
	var s control.Status
	if err := json.Unmarshal([]byte(out), &s); code != 4 || err != nil || s.State != control.StatePairing {
		t.Errorf("status: exit %d: %s", code, out)
	}
	if leak := p.Leak(out, true); leak != "" || strings.Contains(out, secret) || strings.Contains(out, p.URL+"/device") {
		t.Errorf("status shows the code to another user: %s", out)
	}
	if out, code := nobody("token"); code != 4 {
		t.Errorf("token, which nogroup may ask for: exit %d: %s", code, out)
	}
	for _, forbidden := range [][]string{{"publish", "a", "b"}, {"pair"}, {"reset", "--yes"}} {
		if out, code := nobody(forbidden...); code != 1 || !strings.Contains(out, "[control]") {
			t.Errorf("%q: exit %d: %s", forbidden, code, out)
		}
	}
	p.Always(provider.Approve)
	d.Await("paired", e2e.Paired)
	everyCall(t, d)
}

// everyCall asks each call of the API as two accounts and compares with what [control] allows them.
func everyCall(t *testing.T, d *e2e.Device) {
	t.Helper()
	const refused = http.StatusForbidden
	for call, want := range map[string][2]int{ // of nobody:nogroup and daemon:daemon
		"GET /v1/status":           {200, 200},
		"GET /v1/metrics":          {200, 200},
		"GET /v1/token":            {200, refused},
		"GET /v1/screen.png":       {refused, 200},
		"POST /v1/publish?topic=a": {refused, refused},
		"POST /v1/pair":            {refused, 202},
		"POST /v1/reset":           {refused, refused},
		"GET /v1/messages":         {refused, refused},
		"POST /v1/messages/1/ack":  {refused, refused},
		"GET /v1/nothing":          {400, 400},
	} {
		method, path, _ := strings.Cut(call, " ")
		for i, who := range []e2e.Account{e2e.Nobody, e2e.Daemon} {
			if got := ask(t, d, who, method, path, nil); got != want[i] {
				t.Errorf("%s as %s: %d, want %d", call, who.Name, got, want[i])
			}
		}
	}
}
