//go:build real

package real

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paird/paird/agent/control"
)

// From nothing to telemetry: code, QR, approval, token, broker, and two refreshes while it reports.
func TestPairsReportsAndRefreshes(t *testing.T) {
	p := startProvider(t, newAuthority(t), `{"accessTokenTTL": 8}`)
	b := startBroker(t, p)
	seen := b.watch(t, "paird/dev1/#")
	frame := filepath.Join(t.TempDir(), "panel.png")
	d := &device{t: t, panel: fileOf(frame), config: configure(t, p, `client_id = "printer"`, pngPanel(frame), b.mqtt())}
	d.run()
	d.await("unpaired", func(s control.Status) bool { return s.State == control.StateUnpaired })
	if uri := readQR(t, d.panel()); uri != "" {
		t.Errorf("before anybody asked, the panel shows %q", uri)
	}
	if out, code := d.paird("token"); code != 4 {
		t.Errorf("paird token while unpaired: exit %d: %s", code, out)
	}

	d.must("pair")
	newPhone(t, p.ca).approve(d.pairing(), "alice")
	d.await("paired as alice", paired("alice Example"))
	d.await("online", online)
	if uri := readQR(t, d.panel()); uri != "" {
		t.Errorf("the code is still on the panel: %q", uri)
	}

	readings := awaitTelemetry(t, seen, 3)
	token := strings.TrimSpace(d.must("token"))
	if !p.active(token) {
		t.Error("the provider does not know the token that `paird token` prints")
	}
	d.must("publish", "door/open", "yes")
	seen.await(t, "the local message", func(line string) bool { return line == "paird/dev1/door/open yes" })

	eventually(t, "the broker met the tokens of two refreshes", func() bool { return p.refreshes.Load() >= 2 && len(b.came()) >= 3 })
	more := awaitTelemetry(t, seen, 3)
	if more[0].Stream != readings[0].Stream || more[0].Seq <= readings[len(readings)-1].Seq {
		t.Errorf("after the refreshes: %+v after %+v", more, readings)
	}
	checkConnects(t, b.came())
	if agent := p.agent.Load(); agent != "paird/real-test" {
		t.Errorf("User-Agent %q", agent)
	}
}

// checkConnects wants each session opened by another access token, all of them good at that moment.
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

// awaitTelemetry returns the next n readings and wants them whole and in order.
func awaitTelemetry(t *testing.T, seen *process, n int) []reading {
	t.Helper()
	var all []reading
	for len(all) < n {
		line := seen.await(t, "telemetry", func(line string) bool { return strings.HasPrefix(line, "paird/dev1/telemetry ") })
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
	p := startProvider(t, newAuthority(t), `{"accessTokenTTL": 20}`)
	frame := filepath.Join(t.TempDir(), "panel.png")
	secret := secretFile(t)
	d := &device{t: t, panel: fileOf(frame), config: configure(t, p, "client_id = \"speaker\"\nclient_secret_file = \""+secret+"\"", pngPanel(frame))}
	d.run()
	d.must("pair")
	newPhone(t, p.ca).approve(d.pairing(), "bob")
	d.await("paired as bob", paired("bob Example"))

	d.daemon.cmd.Process.Kill()
	<-d.daemon.done
	if out, code := d.paird("pair"); code != 5 {
		t.Errorf("paird pair without a daemon: exit %d: %s", code, out)
	}
	d.run()
	d.await("still paired as bob", paired("bob Example"))
	if token := strings.TrimSpace(d.must("token")); !p.active(token) {
		t.Error("the token after the restart is not good")
	}
}
