//go:build real

package attack

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider/providertest"
)

func TestMain(m *testing.M) { os.Exit(e2e.Main(m, e2e.Ours("../../..", "paird"))) }

// newDevice is a device that pairs at p when asked to; control is the rest of its [control] section.
func newDevice(t *testing.T, p *providertest.Server, control string, more ...string) *e2e.Device {
	t.Helper()
	auth := fmt.Sprintf("[auth]\nissuer = %q\nclient_id = \"printer\"\nscopes = [\"openid\", \"offline_access\", \"profile\"]\n", p.URL)
	return e2e.NewDevice(t, "", append([]string{auth, "[control]\n" + control + "\n"}, more...)...)
}

// shared is a folder as /tmp is: everyone may make files there, and only their owner may remove them.
func shared(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shared")
	must(t, os.Mkdir(dir, 0o700))
	must(t, os.Chmod(dir, 0o777|os.ModeSticky))
	must(t, os.Chmod(filepath.Dir(dir), 0o755))
	must(t, os.Chmod(filepath.Dir(filepath.Dir(dir)), 0o755))
	return dir
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func storageProblem(s control.Status) bool { return s.Problem != nil && s.Problem.Code == "storage" }
