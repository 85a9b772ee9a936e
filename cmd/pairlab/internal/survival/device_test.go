package survival

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
)

const deviceID = e2e.DeviceID

func TestMain(m *testing.M) { os.Exit(e2e.Main(m, e2e.Ours("../../../..", "paird"))) }

// device is a paird of the lab, over all its starts.
type device struct {
	*e2e.Device
	*lab
}

// newDevice configures a device; more are further sections, state its directory ("": one of its own).
func newDevice(l *lab, state string, more ...string) *device {
	l.Helper()
	text := fmt.Sprintf(`[auth]
issuer = %q
client_id = "printer"
scopes = ["%s"]
start = "auto"
params = { device_name = "{device_name}", device_id = "{device_id}" }
[mqtt]
url = %q
spread = "0s"
[log]
level = "debug"
format = "text"
`, l.issuer, strings.Join(scopes, `", "`), l.broker.URL())
	return &device{e2e.NewDevice(l, state, append([]string{text}, more...)...), l}
}

func (d *device) path(name string) string { return filepath.Join(d.Dir, name) }

// refreshed waits for so many refreshes from now on.
func (d *device) refreshed(times int) {
	d.Helper()
	before := d.count(provider.Refreshed)
	d.wait("refreshes", func() bool { return d.events[provider.Refreshed] >= before+times })
}

// pair pairs a new device and leaves it running.
func (d *device) pair() {
	d.Helper()
	d.Start()
	d.approve()
	d.Await("online", e2e.Online)
}
