package survival

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/provider"
)

const deviceID = "dev1"

// program builds paird as `make build` does, once, and returns its path.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "paird-survival")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "paird")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "nethttpomithttp2",
		"-ldflags", fmt.Sprintf("-s -w -X main.built=%d", time.Now().Add(-time.Hour).Unix()), "-o", path, "./cmd/paird")
	build.Dir = "../../../.."
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	return path, build.Run()
})

func TestMain(m *testing.M) {
	path, err := program()
	code := 1
	if err == nil {
		code = m.Run()
	} else {
		fmt.Fprintln(os.Stderr, "building paird:", err)
	}
	os.RemoveAll(filepath.Dir(path))
	os.Exit(code)
}

// device is a paird of its own state directory, through all its lives.
type device struct {
	*lab
	dir   string // holds all that follows
	state string
	log   *os.File
	lives int
}

// newDevice configures a device; more are further sections, state its directory ("": one of its own).
func newDevice(l *lab, state string, more ...string) *device {
	l.Helper()
	d := &device{lab: l, dir: l.TempDir()}
	if d.state = state; state == "" {
		d.state = filepath.Join(d.dir, "state")
	}
	text := fmt.Sprintf(`[device]
id = %q
name = "Kitchen printer"
state_dir = %q
[auth]
issuer = %q
client_id = "printer"
scopes = ["%s"]
start = "auto"
params = { device_name = "{device_name}", device_id = "{device_id}" }
[mqtt]
url = %q
spread = "0s"
[control]
socket = %q
[log]
level = "debug"
format = "text"
`, deviceID, d.state, l.issuer, strings.Join(scopes, `", "`), l.broker.URL(), d.path("sock"))
	err := os.WriteFile(d.path("paird.toml"), []byte(text+strings.Join(more, "\n")), 0o600)
	if err == nil {
		d.log, err = os.Create(d.path("log"))
	}
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(d.end)
	return d
}

func (d *device) path(name string) string { return filepath.Join(d.dir, name) }

// section adds to the configuration.
func (d *device) section(format string, args ...any) {
	d.Helper()
	f, err := os.OpenFile(d.path("paird.toml"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = fmt.Fprintf(f, format, args...)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		d.Fatal(err)
	}
}

// refreshed waits for so many refreshes from now on.
func (d *device) refreshed(times int) {
	d.Helper()
	before := d.count(provider.Refreshed)
	d.wait("refreshes", func() bool { return d.events[provider.Refreshed] >= before+times })
}

// dial connects to the control socket.
func (d *device) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "unix", d.path("sock"))
}

// end shows the end of the log if the test failed.
func (d *device) end() {
	d.log.Close()
	if text, _ := os.ReadFile(d.log.Name()); d.Failed() {
		d.Logf("the end of paird's log:\n%s", text[max(0, len(text)-6000):])
	}
}

// pair pairs a new device and leaves it running.
func (d *device) pair() *life {
	d.Helper()
	l := d.start()
	d.approve()
	l.await("online", online)
	return l
}
