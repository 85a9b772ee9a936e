//go:build real

package real

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paird/paird/agent/control"
)

// device is the real paird, running with a panel that a test can see.
type device struct {
	t      *testing.T
	config string // its paird.toml
	panel  func() []byte
	daemon *process
}

// configure writes a paird.toml; more are the sections of the test.
func configure(t *testing.T, p *provider, auth string, more ...string) string {
	t.Helper()
	dir := t.TempDir()
	head := fmt.Sprintf(`[device]
id = "dev1"
name = "Kitchen printer"
state_dir = %q
[control]
socket = %q
[auth]
issuer = %q
ca_file = %q
scopes = ["openid", "offline_access", "profile"]
`, filepath.Join(dir, "state"), filepath.Join(dir, "paird.sock"), p.issuer, p.ca.file)
	return write(t, "paird.toml", []byte(head+auth+"\n"+strings.Join(more, "\n")))
}

// mqtt is the section that names the broker.
func (b *broker) mqtt() string {
	return fmt.Sprintf("[mqtt]\nurl = %q\nca_file = %q\nspread = \"0s\"\n[telemetry]\ninterval = \"1s\"\n", b.url, b.provider.ca.file)
}

// pngPanel is the section of a panel that is a file.
func pngPanel(file string) string {
	return fmt.Sprintf("[display]\npanel = \"png\"\nsize = \"128x64\"\n[png]\nfile = %q\n", file)
}

// run starts the daemon and waits until it answers.
func (d *device) run() {
	d.t.Helper()
	if out, code := d.paird("config", "check"); code != 0 {
		d.t.Fatalf("paird config check: %d %s", code, out)
	}
	d.daemon = start(d.t, program("paird"), "run", "--config", d.config)
	eventually(d.t, "paird status answers", func() bool { _, code := d.paird("status", "--json"); return code == 0 })
}

// paird runs one command of the program on this device's configuration.
func (d *device) paird(args ...string) (string, int) {
	d.t.Helper()
	return run(d.t, program("paird"), append(args, "--config", d.config)...)
}

// must runs a command that has to succeed.
func (d *device) must(args ...string) string {
	d.t.Helper()
	out, code := d.paird(args...)
	if code != 0 {
		d.t.Fatalf("paird %s: exit %d: %s", strings.Join(args, " "), code, out)
	}
	return out
}

func (d *device) status() control.Status {
	d.t.Helper()
	var s control.Status
	out := d.must("status", "--json")
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		d.t.Fatalf("paird status --json: %v: %s", err, out)
	}
	return s
}

// await waits until the status is as wanted, and returns it.
func (d *device) await(what string, want func(control.Status) bool) control.Status {
	d.t.Helper()
	var s control.Status
	eventually(d.t, what, func() bool { s = d.status(); return want(s) })
	return s
}

// scan waits for a QR code on the panel and returns what zbarimg reads in it.
func (d *device) scan() (uri string) {
	d.t.Helper()
	eventually(d.t, "a QR code is on the panel", func() bool { uri = readQR(d.t, d.panel()); return uri != "" })
	return uri
}

// pairing waits for the code and checks that panel and status say the same.
func (d *device) pairing() (uri string) {
	d.t.Helper()
	s := d.await("pairing", func(s control.Status) bool { return s.State == control.StatePairing && s.Pairing != nil })
	uri = d.scan()
	if !sameAddress(d.t, uri, s.Pairing.VerificationURIComplete) {
		d.t.Fatalf("the QR code says %q, the server %q", uri, s.Pairing.VerificationURIComplete)
	}
	return uri
}

func paired(name string) func(control.Status) bool {
	return func(s control.Status) bool {
		return s.State == control.StatePaired && s.Grant != nil && s.Grant.Name == name
	}
}

func online(s control.Status) bool { return s.Broker != nil && s.Broker.State == control.BrokerOnline }

// fileOf returns what a file holds, nothing while it is not there.
func fileOf(path string) func() []byte {
	return func() []byte {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		return content
	}
}
