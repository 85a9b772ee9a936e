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
	"syscall"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/pairlab/internal/provider"
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

// life is one process of a device.
type life struct {
	*device
	*control.Client
	began time.Time
	cmd   *exec.Cmd
	done  chan struct{} // closed when the process has ended
}

// start begins a life and waits until it is ready.
func (d *device) start() *life {
	d.Helper()
	path, _ := program()
	d.lives++
	ready := d.path(fmt.Sprintf("notify%d", d.lives))
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: ready, Net: "unixgram"})
	if err != nil {
		d.Fatal(err)
	}
	defer conn.Close()
	l := &life{device: d, Client: control.NewClient(d.path("sock")), began: time.Now(), done: make(chan struct{})}
	l.cmd = exec.Command(path, "run", "--config", d.path("paird.toml"))
	l.cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+ready)
	l.cmd.Stdout, l.cmd.Stderr = d.log, d.log
	if err := l.cmd.Start(); err != nil {
		d.Fatal(err)
	}
	go func() { l.cmd.Wait(); conn.Close(); close(l.done) }()
	d.Cleanup(l.kill)
	l.ready(conn)
	return l
}

// ready waits for READY=1 (sd_notify(3)).
func (l *life) ready(conn *net.UnixConn) {
	l.Helper()
	conn.SetReadDeadline(time.Now().Add(patience))
	for said := make([]byte, 256); ; {
		n, err := conn.Read(said)
		if err != nil {
			l.Fatalf("life %d does not become ready: %v", l.lives, err)
		}
		if strings.Contains(string(said[:n]), "READY=1") {
			return
		}
	}
}

// kill is kill -9.
func (l *life) kill() {
	l.cmd.Process.Kill()
	<-l.done
}

// stop ends the life as systemd would.
func (l *life) stop() {
	l.Helper()
	l.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-l.done:
	case <-time.After(patience):
		l.Fatal("paird does not end at SIGTERM")
	}
	if code := l.cmd.ProcessState.ExitCode(); code != 0 {
		l.Errorf("paird ended with %d", code)
	}
}

// status is asked once.
func (l *life) status() control.Status {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), patience)
	defer cancel()
	s, err := l.Status(ctx)
	if err != nil {
		l.Fatal(err)
	}
	return s
}

// await looks at the status until it is as wanted, and returns it.
func (l *life) await(what string, want func(control.Status) bool) control.Status {
	l.Helper()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	limit := time.After(patience)
	for {
		s := l.status()
		if want(s) {
			return s
		}
		select {
		case <-look.C:
		case <-l.done:
			l.Fatalf("paird ended while the test waited for: %s", what)
		case <-limit:
			l.Fatalf("not within %s: %s; the status is %+v", patience, what, s)
		}
	}
}

func paired(s control.Status) bool { return s.State == control.StatePaired && s.Grant != nil }

func pairing(s control.Status) bool { return s.State == control.StatePairing && s.Pairing != nil }

func online(s control.Status) bool {
	return paired(s) && s.Broker != nil && s.Broker.State == control.BrokerOnline
}

// refusedWith tells whether the daemon refused with that code.
func refusedWith(err error, code control.Code) bool {
	e, ok := errors.AsType[*control.Error](err)
	return ok && e.Code == code
}

// pair pairs a new device and leaves it running.
func (d *device) pair() *life {
	d.Helper()
	l := d.start()
	d.approve()
	l.await("online", online)
	return l
}
