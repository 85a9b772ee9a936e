package daemon

import (
	"bytes"
	"encoding/json"
	"errors"
	"image/png"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/provider"
)

// TestFromPressToPaired drives the board as a hand and a browser do.
func TestFromPressToPaired(t *testing.T) {
	t.Parallel()
	r := start(t, "[display]\npanel = \"sim\"\n[sim]\nlisten = \"127.0.0.1:0\"\n")
	page := regexp.MustCompile(`"url":"([^"]+)"`).FindStringSubmatch(r.log.String())
	if page == nil {
		t.Fatalf("the log does not name the page: %s", r.log)
	}
	if s := r.status(); s.State != control.StateUnpaired || s.Panel == nil || s.Panel.Driver != "sim" || !s.Panel.OK {
		t.Errorf("at rest: %+v", s)
	}
	base, token, found := strings.Cut(page[1], "?token=")
	if !found {
		t.Fatalf("the page asks for no token: %s", page[1])
	}
	resting := get(t, base+"panel.png?token="+token)
	res, err := http.Post(base+"press?token="+token, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	r.await("pairing")
	s := r.status()
	if s.State != control.StatePairing || s.Pairing == nil || s.Pairing.UserCode != r.auth.Pending()[0].UserCode {
		t.Errorf("pairing: %+v", s)
	}
	frame, err := r.client.Screen(t.Context())
	if err != nil || bytes.Equal(frame, resting) {
		t.Errorf("the screen does not change: %v", err)
	}
	r.auth.Always(provider.Approve)
	r.await("paired")
	if s := r.status(); s.State != control.StatePaired || s.Grant == nil || s.Grant.Name != "Alice" || s.Problem != nil {
		t.Errorf("paired: %+v", s)
	}
	if access, err := r.client.Token(t.Context(), "", time.Minute, false); err != nil || r.auth.Leak(access.AccessToken, false) != access.AccessToken {
		t.Errorf("token: %v", err)
	}
	r.secretless()
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(b)); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestPNG looks at the file that the panel is, after the daemon has left it.
func TestPNG(t *testing.T) {
	t.Parallel()
	r := start(t, "[display]\npanel = \"png\"\nsize = \"128x32\"\n[png]\nfile = \"$DIR/panel.png\"\n")
	r.pair()
	if s := r.status(); s.Panel == nil || s.Panel.Size != "128x32" {
		t.Errorf("panel: %+v", s.Panel)
	}
	r.secretless()
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	b, err := os.ReadFile(filepath.Join(r.dir, "panel.png"))
	if err != nil {
		t.Fatal(err)
	}
	if im, err := png.Decode(bytes.NewReader(b)); err != nil || im.Bounds().Dx() != 128 || im.Bounds().Dy() != 32 {
		t.Errorf("panel.png: %v", err)
	}
	if _, err := os.Stat(filepath.Join(r.dir, "sock")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
}

// TestTerminal finds the picture in half blocks.
func TestTerminal(t *testing.T) {
	t.Parallel()
	r := start(t, "[display]\npanel = \"terminal\"\n")
	r.pair()
	r.secretless()
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(r.terminal.String(), "▀") {
		t.Errorf("no picture on the terminal: %q", r.terminal)
	}
}

// TestStopsInTime ends a daemon that polls.
func TestStopsInTime(t *testing.T) {
	t.Parallel()
	r := start(t, "")
	if err := r.client.Pair(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.await("pairing")
	began := time.Now()
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %v to stop", took)
	}
}

// TestHooks reads what the program was given on each event.
func TestHooks(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	fifo, err := os.OpenFile(path, os.O_RDWR, 0) // both ends, so that it never ends
	if err != nil {
		t.Fatal(err)
	}
	defer fifo.Close()
	r := start(t, "[hooks]\non_event = [\"/bin/sh\", \"-c\", \"cat > "+path+"\"]\n")
	r.pair()
	if err := fifo.SetReadDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	heard := map[string]map[string]any{}
	for d := json.NewDecoder(fifo); heard["paired"] == nil; {
		var event map[string]any
		if err := d.Decode(&event); err != nil {
			t.Fatalf("the hook heard of %v only: %v\n%s", heard, err, r.log)
		}
		heard[event["type"].(string)] = event
	}
	if code := heard["pairing"]["user_code"]; r.auth.Leak(code.(string), true) != code {
		t.Errorf("the owner's hook does not get the code: %v", heard)
	}
	r.secretless()
}

// TestServiceManager: systemd is notified when the daemon is ready, of its status line, of each watchdog
// period, and when it stops.
func TestServiceManager(t *testing.T) {
	c := serviceManager(t)
	t.Setenv("WATCHDOG_USEC", "400000")
	r := start(t, "")
	await(t, c, "READY=1")
	await(t, c, "STATUS=not paired: press the button, or run `paird pair`")
	await(t, c, "WATCHDOG=1")
	await(t, c, "WATCHDOG=1")
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	await(t, c, "STOPPING=1")
}

// A service manager that does not read keeps the daemon from nothing.
func TestServiceManagerThatDoesNotRead(t *testing.T) {
	serviceManager(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 1024 { // Linux lets a socket have 10 to 512 messages
			notify("STATUS=full", time.Millisecond)
		}
	}()
	select {
	case <-done:
	case <-time.After(within):
		t.Error("a message waits for the service manager without a limit")
	}
}

// serviceManager is its end of sd_notify(3).
func serviceManager(t *testing.T) *net.UnixConn {
	t.Helper()
	path := t.TempDir() + "/notify"
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return c
}

func await(t *testing.T, c *net.UnixConn, want string) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	for b := make([]byte, 256); ; {
		n, err := c.Read(b)
		if err != nil {
			t.Fatalf("waiting for %s: %v", want, err)
		}
		if string(b[:n]) == want {
			return
		}
	}
}
