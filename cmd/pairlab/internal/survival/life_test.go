package survival

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/paird/paird/agent/control"
)

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
	l, notified := d.launch()
	defer notified.Close()
	if err := l.ready(notified); err != nil {
		d.Fatalf("life %d does not become ready: %v", d.lives, err)
	}
	return l
}

// launch begins a life; it says on the connection when it is ready.
func (d *device) launch() (*life, *net.UnixConn) {
	d.Helper()
	path, _ := program()
	d.lives++
	ready := d.path(fmt.Sprintf("notify%d", d.lives))
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: ready, Net: "unixgram"})
	if err != nil {
		d.Fatal(err)
	}
	l := &life{device: d, Client: control.NewClient(d.path("sock")), began: time.Now(), done: make(chan struct{})}
	l.cmd = exec.Command(path, "run", "--config", d.path("paird.toml"))
	l.cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+ready)
	l.cmd.Stdout, l.cmd.Stderr = d.log, d.log
	if err := l.cmd.Start(); err != nil {
		d.Fatal(err)
	}
	go func() { l.cmd.Wait(); conn.Close(); close(l.done) }()
	d.Cleanup(l.kill)
	return l, conn
}

// ready waits for READY=1 (sd_notify(3)).
func (l *life) ready(conn *net.UnixConn) error {
	conn.SetReadDeadline(time.Now().Add(patience))
	for said := make([]byte, 256); ; {
		n, err := conn.Read(said)
		if err != nil {
			return err
		}
		if strings.Contains(string(said[:n]), "READY=1") {
			return nil
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
