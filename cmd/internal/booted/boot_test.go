//go:build real

package booted

import (
	"fmt"
	"strings"
	"testing"

	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/internal/provider/providertest"
)

// The daemon reads the boot partition from its sandbox and keeps what it takes over; a user who sees neither the state directory nor
// those settings reaches the daemon all the same. A file that every user may write is refused.
func TestUnitTakesSettingsOver(t *testing.T) {
	t.Parallel()
	p := providertest.New(t, nil)
	m := installed(t, p, "")
	m.Do("sh", "-c", "echo '# nothing' >/etc/paird/paird.toml; install -d /usr/lib/paird/conf.d /boot/firmware")
	m.Write("/usr/lib/paird/conf.d/product.toml", 0o644, []byte("[device]\nid = \"dev1\"\n[control]\nstatus = [\"*\"]\n"))
	m.Write("/boot/firmware/paird.toml", 0o755, fmt.Appendf(nil, "[auth]\r\nissuer = %q\r\nclient_id = \"printer\"\r\nscopes = [\"openid\", \"offline_access\", \"profile\"]\r\n", p.URL))
	m.Do("systemctl", "start", "paird")
	if log := m.log(); !strings.Contains(log, "settings taken over from the boot partition") {
		t.Errorf("not taken over:\n%s", log)
	}
	if got := m.Do("stat", "-c", "%U %A", "/var/lib/paird/boot.toml"); got != "paird -rw-------\n" {
		t.Errorf("kept as %s", got)
	}
	if s := m.status("nobody"); s.Device.ID != "dev1" {
		t.Errorf("status as an ordinary user: %+v", s)
	}
	p.Always(provider.Approve)
	m.Do("paird", "pair", "--wait")
	m.Do("chmod", "0666", "/boot/firmware/paird.toml")
	m.Do("systemctl", "restart", "paird")
	if log := m.log(); !strings.Contains(log, "lets others write") {
		t.Errorf("a file of every user's is not refused:\n%s", log)
	}
	if s := m.status("root"); s.Grant == nil {
		t.Errorf("no longer paired: %+v", s)
	}
}
