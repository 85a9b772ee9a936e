//go:build real

package real

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
)

// device is the real paird, running with a panel that a test can see.
type device struct {
	*e2e.Device
	panel func() []byte // the frame it shows
}

// newDevice configures a device whose panel is a file. auth is the rest of the [auth] section.
func newDevice(t *testing.T, p *provider, auth string, more ...string) *device {
	t.Helper()
	frame := filepath.Join(t.TempDir(), "panel.png")
	panel := fmt.Sprintf("[display]\npanel = \"png\"\nsize = \"128x64\"\n[png]\nfile = %q\n", frame)
	return &device{configured(t, p, auth, append(more, panel)...), fileOf(frame)}
}

func configured(t *testing.T, p *provider, auth string, more ...string) *e2e.Device {
	t.Helper()
	head := fmt.Sprintf("[auth]\nissuer = %q\nca_file = %q\nscopes = [\"openid\", \"offline_access\", \"profile\"]\n", p.issuer, p.ca.File)
	return e2e.NewDevice(t, "", append([]string{head + auth + "\n"}, more...)...)
}

// mqtt is the section that names the broker.
func (b *broker) mqtt() string {
	return fmt.Sprintf("[mqtt]\nurl = %q\nca_file = %q\nspread = \"0s\"\n[telemetry]\ninterval = \"1s\"\n", b.url, b.provider.ca.File)
}

// run checks the configuration, starts the daemon and waits until it is ready.
func (d *device) run() {
	d.Helper()
	d.Do("config", "check")
	d.Start()
}

// scan waits for a QR code on the panel and returns what zbarimg reads in it.
func (d *device) scan() (uri string) {
	d.Helper()
	e2e.Eventually(d, "a QR code is on the panel", func() bool { uri = readQR(d, d.panel()); return uri != "" })
	return uri
}

// pairing waits for the code and checks that panel and status say the same.
func (d *device) pairing() (uri string) {
	d.Helper()
	s := d.Await("pairing", e2e.Pairing)
	uri = d.scan()
	if !sameAddress(d, uri, s.Pairing.VerificationURIComplete) {
		d.Fatalf("the QR code says %q, the server %q", uri, s.Pairing.VerificationURIComplete)
	}
	return uri
}

func paired(name string) func(control.Status) bool {
	return func(s control.Status) bool { return e2e.Paired(s) && s.Grant.Name == name }
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
