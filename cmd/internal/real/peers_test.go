//go:build real

package real

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
)

// Another user of the same board gets what [control] names, by the kernel's word, and nothing else.
func TestAnotherUserOfTheBoard(t *testing.T) {
	p := startProvider(t, e2e.NewAuthority(t), "{}")
	d := newDevice(t, p, `client_id = "printer"`)
	text := e2e.Must(os.ReadFile(d.Config))(t)
	lists := "[control]\nstatus = [\"*\"]\ntoken = [\"group:nogroup\"]\npublish = [\"user:daemon\"]\npair = [\"group:daemon\"]\n"
	if err := os.WriteFile(d.Config, []byte(strings.Replace(string(text), "[control]\n", lists, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{filepath.Dir(t.TempDir()), e2e.Folder()} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	d.run()
	d.Do("pair")
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
	d.Helper()
	become := []string{"sudo", "-n", "-u", "nobody", "-g", "nogroup", "--"}
	if os.Geteuid() == 0 {
		become = []string{"setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"}
	}
	command := append(append(become, e2e.Program("paird")), append(args, "--config", d.Config)...)
	return e2e.Run(d, command[0], command[1:]...)
}
