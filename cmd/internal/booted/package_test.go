//go:build real

package booted

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/internal/provider/providertest"
)

// The Debian packages of two versions.
const (
	deb     = "paird_0.1.0.deb"
	nextDeb = "paird_0.2.0.deb"
)

// packaged makes one of them for this machine, by the program of `make release`, which says its size and how long it took.
func packaged(name, version string) e2e.Build {
	said := regexp.MustCompile(`paird_.*\.deb +\d+ bytes +\d+\.\d s`)
	return e2e.Build{Name: name, Into: func(file string) error {
		out := file + ".d"
		text, err := exec.Command("go", "run", "-C", root, "./scripts/release", "-only", runtime.GOARCH, "-quick", "-version", version, "-built", "1790000000", "-o", out).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, text)
		}
		made, err := filepath.Glob(filepath.Join(out, "*.deb"))
		if err != nil || len(made) != 1 || !said.Match(text) {
			return fmt.Errorf("made %q, %v: %s", made, err, text)
		}
		return os.Rename(made[0], file)
	}}
}

// The life of a package: a newcomer installs it, configures, starts and pairs, all with commands of the README; an
// upgrade keeps the grant and the queue; removal keeps them too; a purge erases them.
func TestPackage(t *testing.T) {
	t.Parallel()
	p := providertest.New(t, nil)
	p.Always(provider.Approve)
	m := Boot(t, root)
	m.Put(e2e.Program(deb), "/root/paird.deb", 0o644)
	m.Put(e2e.Program(nextDeb), "/root/next.deb", 0o644)
	commands := 0
	do := func(args ...string) string {
		m.Helper()
		commands++
		return m.Do(args...)
	}

	do("dpkg", "-i", "/root/paird.deb")
	if got := m.is("ActiveState") + " " + m.is("UnitFileState"); got != "inactive disabled" {
		t.Errorf("without a configuration the unit is %s", got)
	}
	if out, code := m.Run("paird", "config", "check"); code != 2 || !strings.Contains(out, "auth.client_id: is missing") {
		t.Errorf("the configuration as shipped: exit %d: %s", code, out)
	}
	do("paird", "init", "--yes", "--recipe", "oidc-provider", "--set", "auth.issuer="+p.URL, "--set", "auth.client_id=printer",
		"--set", "auth.resource=[]", "--set", `auth.scopes=["openid", "profile", "offline_access"]`)
	do("paird", "config", "check")
	do("systemctl", "enable", "--now", "paird")
	if s := m.status("nobody"); s.State != control.StateUnpaired || s.Version != "v0.1.0" {
		t.Errorf("started: %+v", s)
	}
	do("paird", "pair", "--wait")
	do("paird", "token")
	if commands > 10 {
		t.Errorf("a newcomer needs %d commands", commands)
	}
	if s := m.status("nobody"); !e2e.Paired(s) {
		t.Errorf("not paired: %+v", s)
	}
	m.Do("paird", "publish", "print/done", "kept")
	before := m.status("root").Queue.Messages

	m.Do("dpkg", "-i", "/root/next.deb")
	s := m.status("root")
	if s.Version != "v0.2.0" || !e2e.Paired(s) || s.Queue.Messages < before || before == 0 {
		t.Errorf("after the upgrade: %+v, queue %+v, before %d", s, s.Queue, before)
	}
	m.Do("dpkg", "-r", "paird")
	if got := m.Do("sh", "-c", "ls /var/lib/paird/tokens.db /etc/paird/paird.toml; systemctl is-active paird || true"); !strings.Contains(got, "tokens.db") || !strings.Contains(got, "inactive") {
		t.Errorf("after the removal: %s", got)
	}
	m.Do("dpkg", "-i", "/root/next.deb")
	if s := m.status("root"); !e2e.Paired(s) {
		t.Errorf("installed again: %+v", s)
	}
	m.Do("dpkg", "-P", "paird")
	if out, code := m.Run("sh", "-c", "ls -d /var/lib/paird /etc/paird /usr/bin/paird /etc/systemd/system/*/paird.service 2>/dev/null"); code == 0 || out != "" {
		t.Errorf("left after a purge: %s", out)
	}
}
