//go:build real

package booted

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/internal/provider/providertest"
)

// A card that scripts/card.sh has prepared: at the first start the board runs what stands in user-data, which installs the
// package and starts paird with the settings of the boot partition. It can then be paired.
func TestCard(t *testing.T) {
	t.Parallel()
	p := providertest.New(t, nil)
	p.Always(provider.Approve)
	boot := t.TempDir()
	for _, name := range []string{"cmdline.txt", "config.txt", "user-data"} {
		if err := os.WriteFile(filepath.Join(boot, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	settings := e2e.Write(t, "paird.toml", fmt.Sprintf("[auth]\r\nissuer = %q\r\nclient_id = \"printer\"\r\nscopes = [\"openid\", \"profile\", \"offline_access\"]\r\n", p.URL))
	if out, err := exec.Command(root+"/scripts/card.sh", boot, e2e.Program(deb), settings).CombinedOutput(); err != nil {
		t.Fatalf("card.sh: %v: %s", err, out)
	}
	m := Boot(t, root)
	for _, e := range e2e.Must(os.ReadDir(boot))(t) {
		m.Put(filepath.Join(boot, e.Name()), "/boot/firmware/"+e.Name(), 0o644)
	}
	for line := range strings.Lines(string(e2e.Must(os.ReadFile(filepath.Join(boot, "user-data")))(t))) {
		if command, ok := strings.CutPrefix(line, "- "); ok { // of runcmd, as cloud-init runs it
			m.Do("sh", "-c", command)
		}
	}
	m.await("ActiveState", "active")
	m.Do("paird", "pair", "--wait")
	if s := m.status("root"); !e2e.Paired(s) {
		t.Errorf("not paired: %+v", s)
	}
}
