//go:build real

package real

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paird/paird/agent/control"
)

// Another user of the same board gets what [control] names, by the kernel's word, and nothing else.
func TestAnotherUserOfTheBoard(t *testing.T) {
	p := startProvider(t, newAuthority(t), "{}")
	frame := filepath.Join(t.TempDir(), "panel.png")
	d := &device{t: t, panel: fileOf(frame), config: configure(t, p, `client_id = "printer"`, pngPanel(frame))}
	text := must(os.ReadFile(d.config))(t)
	lists := "[control]\nstatus = [\"*\"]\ntoken = [\"group:nogroup\"]\npublish = [\"user:daemon\"]\npair = [\"group:daemon\"]\n"
	if err := os.WriteFile(d.config, []byte(strings.Replace(string(text), "[control]\n", lists, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{filepath.Dir(t.TempDir()), programs} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	d.run()
	d.must("pair")
	uri := d.pairing()

	out, code := d.asNobody("status", "--json")
	var s control.Status
	if err := json.Unmarshal([]byte(out), &s); code != 0 || err != nil || s.State != control.StatePairing {
		t.Errorf("status: exit %d: %s", code, out)
	}
	if _, secret, _ := strings.Cut(uri, "user_code="); strings.Contains(out, secret) || strings.Contains(out, p.issuer+"/device") {
		t.Errorf("status tells the code to another user: %s", out)
	}
	if out, code := d.asNobody("token"); code != 4 {
		t.Errorf("token, which nogroup may ask for: exit %d: %s", code, out)
	}
	for _, forbidden := range [][]string{{"publish", "a", "b"}, {"pair"}, {"reset", "--yes"}} {
		if out, code := d.asNobody(forbidden...); code != 1 || !strings.Contains(out, "[control]") {
			t.Errorf("%q: exit %d: %s", forbidden, code, out)
		}
	}
}

// asNobody runs a command of the program as the user nobody.
func (d *device) asNobody(args ...string) (string, int) {
	d.t.Helper()
	become := []string{"sudo", "-n", "-u", "nobody", "-g", "nogroup", "--"}
	if os.Geteuid() == 0 {
		become = []string{"setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"}
	}
	command := append(append(become, program("paird")), append(args, "--config", d.config)...)
	return run(d.t, command[0], command[1:]...)
}
