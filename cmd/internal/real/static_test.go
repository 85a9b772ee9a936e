//go:build real

package real

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
)

// static is the broker section of a device that logs in with a user name and a password of its own.
func (b *broker) static(t *testing.T, port int) string {
	t.Helper()
	b.password(t, "device", "a password of the device")
	if err := b.mosquitto.Cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	e2e.Eventually(t, "mosquitto reads its passwords", func() bool { return b.mosquitto.Count("Reloading config") > 0 })
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("a password of the device\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("[mqtt]\nurl = \"mqtt://127.0.0.1:%d\"\nusername = \"device\"\npassword_file = %q\nspread = \"0s\"\n[telemetry]\ninterval = \"1s\"\n", port, file)
}

// A login that has nothing of the token outlives it: with the authorization server gone for many lifetimes of its
// tokens the session goes on, and nothing waits.
func TestStaticLoginOutlivesTheServer(t *testing.T) {
	t.Parallel()
	const lifetime = 2 * time.Second
	p := startProvider(t, e2e.NewAuthority(t), `{"accessTokenTTL": 2}`)
	b := startBroker(t, p)
	seen := b.watch(t, "paird/dev1/telemetry")
	d := newDevice(t, p, `client_id = "printer"`, b.static(t, b.plain))
	d.run()
	d.Do("pair")
	newPhone(t, p.ca).approve(d.pairing(), "alice")
	d.Await("online", e2e.Online)
	e2e.Eventually(t, "two refreshes", func() bool { return p.refreshes.Load() >= 2 })
	p.process.Kill()
	const lifetimes = 15
	for began := time.Now(); time.Since(began) < lifetimes*lifetime; {
		awaitTelemetry(t, seen, 1)
	}
	if n := b.mosquitto.Count(" as dev1 "); n != 1 {
		t.Errorf("%d CONNECTs in %d lifetimes of a token", n, lifetimes)
	}
	if s := d.Now(); s.Queue.Messages > 1 || !online(s) {
		t.Errorf("%d messages wait; broker %+v", s.Queue.Messages, s.Broker)
	}
}

// A broker may send what it likes: the daemon stays small, and is back within a minute when the broker is good again.
func TestHostileBroker(t *testing.T) {
	accepted := []byte{0x20, 2, 0, 0}             // CONNACK
	for name, sends := range map[string][][]byte{ // a few each, so that the back-off stays short
		"lengths": {
			append(accepted, bytes.Repeat([]byte{0x30, 0xff, 0xff, 0xff, 0xff}, 100)...), // one without an end
			append(accepted, 0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1, 'a'),                    // 256 MiB
			accepted[:3],
		},
		"packets": {
			append(accepted, bytes.Repeat([]byte{0x40, 2, 0x7f, 0x01}, 1000)...), // PUBACKs for unknown ids
			bytes.Repeat([]byte("noise"), 1<<16),
			nil, // silence
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			survives(t, sends)
		})
	}
}

// survives has a device meet each of these answers to its CONNECT, and then a good broker.
func survives(t *testing.T, sends [][]byte) {
	p := startProvider(t, e2e.NewAuthority(t), "{}")
	b := startBroker(t, p)
	var handle atomic.Value // func(net.Conn)
	met := make(chan struct{}, 1000)
	front := e2e.Must(net.Listen("tcp", "127.0.0.1:0"))(t)
	t.Cleanup(func() { front.Close() })
	handle.Store(func(net.Conn) {})
	e2e.Accept(front, func(conn net.Conn) { defer conn.Close(); handle.Load().(func(net.Conn))(conn) })
	d := newDevice(t, p, `client_id = "printer"`, b.static(t, front.Addr().(*net.TCPAddr).Port))
	d.run()
	d.Do("pair")
	newPhone(t, p.ca).approve(d.pairing(), "alice")
	d.Await("paired", e2e.Paired)
	for i, send := range sends {
		handle.Store(func(conn net.Conn) {
			met <- struct{}{}
			_, _ = conn.Write(send) // the device may hang up
			conn.SetReadDeadline(time.Now().Add(5 * time.Second))
			_, _ = io.Copy(io.Discard, conn)
		})
		select {
		case <-met:
		case <-time.After(90 * time.Second):
			t.Fatalf("answer %d: the device did not come", i)
		}
	}
	handle.Store(func(conn net.Conn) {
		up, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", b.plain))
		if err != nil {
			return
		}
		defer up.Close()
		go func() { _, _ = io.Copy(up, conn); up.Close() }()
		_, _ = io.Copy(conn, up)
	})
	began := time.Now()
	d.Await("online again", e2e.Online)
	if took := time.Since(began); took > 60*time.Second {
		t.Errorf("back after %v", took)
	}
	b.publishFile(t, "paird/dev1/cmd", strings.Repeat("x", 256<<10))
	d.Do("publish", "after/large", "here")
	d.Await("all is sent, with a large retained message on /cmd", func(s control.Status) bool { return online(s) && s.Queue.Messages <= 1 })
	if peak := highWater(t, d); peak > 32<<10 {
		t.Errorf("%d KiB resident at the peak", peak)
	} else {
		t.Logf("%d KiB resident at the peak; back after %v", peak, time.Since(began).Round(time.Second))
	}
}

// publishFile sends a retained message that is too long for a command line.
func (b *broker) publishFile(t *testing.T, topic, payload string) {
	t.Helper()
	out, code := e2e.Run(t, "mosquitto_pub", "-h", "127.0.0.1", "-p", fmt.Sprint(b.plain), "-u", "watcher", "-P", watcherPassword,
		"-q", "1", "-r", "-t", topic, "-f", e2e.Write(t, "payload", payload))
	if code != 0 {
		t.Fatalf("mosquitto_pub: %s", out)
	}
}

// highWater is VmHWM of the daemon, KiB (proc(5)).
func highWater(t *testing.T, d *device) int {
	t.Helper()
	text := string(e2e.Must(os.ReadFile(fmt.Sprintf("/proc/%d/status", d.Process.Cmd.Process.Pid)))(t))
	_, after, _ := strings.Cut(text, "VmHWM:")
	return e2e.Must(strconv.Atoi(strings.Fields(after)[0]))(t)
}
