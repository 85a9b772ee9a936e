//go:build real

package real

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
)

// From nothing to telemetry: code, QR, approval, token, broker, and two refreshes while it reports.
func TestPairsReportsAndRefreshes(t *testing.T) {
	p := startProvider(t, e2e.NewAuthority(t), `{"accessTokenTTL": 8}`)
	b := startBroker(t, p)
	seen := b.watch(t, "paird/dev1/#")
	d := newDevice(t, p, `client_id = "printer"`, b.mqtt())
	d.run()
	d.Await("unpaired", func(s control.Status) bool { return s.State == control.StateUnpaired })
	if uri := readQR(t, d.panel()); uri != "" {
		t.Errorf("before anybody asked, the panel shows %q", uri)
	}
	if out, code := d.Paird("token"); code != 4 {
		t.Errorf("paird token while unpaired: exit %d: %s", code, out)
	}

	d.Do("pair")
	newPhone(t, p.ca).approve(d.pairing(), "alice")
	d.Await("paired as alice", paired("alice Example"))
	d.Await("online", online)
	if uri := readQR(t, d.panel()); uri != "" {
		t.Errorf("the code is still on the panel: %q", uri)
	}

	readings := awaitTelemetry(t, seen, 3)
	token := strings.TrimSpace(d.Do("token"))
	if !p.active(token) {
		t.Error("the provider does not know the token that `paird token` prints")
	}
	d.Do("publish", "door/open", "yes")
	seen.Await(t, "the local message", func(line string) bool { return line == "paird/dev1/door/open yes" })

	e2e.Eventually(t, "the broker met the tokens of two refreshes", func() bool { return p.refreshes.Load() >= 2 && len(b.came()) >= 3 })
	more := awaitTelemetry(t, seen, 3)
	if more[0].Stream != readings[0].Stream || more[0].Seq <= readings[len(readings)-1].Seq {
		t.Errorf("after the refreshes: %+v after %+v", more, readings)
	}
	checkConnects(t, b.came())
	if agent := p.agent.Load(); agent != "paird/e2e" {
		t.Errorf("User-Agent %q", agent)
	}
}

// checkConnects checks that each session was opened by another access token, all of them good at
// that moment.
func checkConnects(t *testing.T, came []connect) {
	t.Helper()
	tokens := map[string]bool{}
	for _, c := range came {
		if !c.admitted || c.clientID != "dev1" || c.username != "dev1" || tokens[c.password] {
			t.Errorf("CONNECT client %q user %q admitted %v, token seen before %v", c.clientID, c.username, c.admitted, tokens[c.password])
		}
		tokens[c.password] = true
	}
}

// reading is one telemetry message.
type reading struct {
	TS     string   `json:"ts"`
	Stream string   `json:"stream"`
	Seq    uint64   `json:"seq"`
	Uptime *float64 `json:"uptime"`
}

// awaitTelemetry returns the next n readings, which must be whole and in order.
func awaitTelemetry(t *testing.T, seen *e2e.Process, n int) []reading {
	t.Helper()
	var all []reading
	for len(all) < n {
		line := seen.Await(t, "telemetry", func(line string) bool { return strings.HasPrefix(line, "paird/dev1/telemetry ") })
		_, payload, _ := strings.Cut(line, " ")
		var r reading
		if err := json.Unmarshal([]byte(payload), &r); err != nil || r.TS == "" || r.Stream == "" || r.Seq == 0 || r.Uptime == nil {
			t.Fatalf("telemetry %q: %v", payload, err)
		}
		if len(all) > 0 && r.Seq <= all[len(all)-1].Seq {
			t.Errorf("out of order: %+v after %+v", r, all[len(all)-1])
		}
		all = append(all, r)
	}
	return all
}

// A client with a secret, by file and Basic, and a daemon that is killed: the grant is still there.
func TestSecretClientSurvivesKill(t *testing.T) {
	p := startProvider(t, e2e.NewAuthority(t), `{"accessTokenTTL": 20}`)
	secret := e2e.Secret(t, "secret", "a secret of the speaker\n")
	d := newDevice(t, p, "client_id = \"speaker\"\nclient_secret_file = \""+secret+"\"")
	d.run()
	d.Do("pair")
	newPhone(t, p.ca).approve(d.pairing(), "bob")
	d.Await("paired as bob", paired("bob Example"))

	d.Process.Kill()
	if out, code := d.Paird("pair"); code != 5 {
		t.Errorf("paird pair without a daemon: exit %d: %s", code, out)
	}
	d.run()
	d.Await("still paired as bob", paired("bob Example"))
	if token := strings.TrimSpace(d.Do("token")); !p.active(token) {
		t.Error("the token after the restart is not good")
	}
}
