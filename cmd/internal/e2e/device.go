package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
)

// DeviceID is device.id of every Device.
const DeviceID = "dev1"

// Device is the real paird with a configuration and a state directory, over all its starts.
type Device struct {
	testing.TB
	*control.Client
	Dir, State, Config, Socket string   // paths
	Wrap                       []string // the program, with its arguments, that runs paird: setpriv or strace; nil for none
	Process                    *Process // the last
	processes                  []*Process
}

// NewDevice configures a device; state is its state directory ("": one of its own), sections are those of its
// configuration but device.* and control.socket.
func NewDevice(t testing.TB, state string, sections ...string) *Device {
	t.Helper()
	dir := t.TempDir()
	d := &Device{TB: t, Dir: dir, State: state, Config: filepath.Join(dir, "paird.toml"), Socket: filepath.Join(dir, "paird.sock")}
	if state == "" {
		d.State = filepath.Join(dir, "state")
	}
	d.Client = control.NewClient(d.Socket)
	head := fmt.Sprintf("[device]\nid = %q\nname = \"Kitchen printer\"\nstate_dir = %q\n", DeviceID, d.State)
	text := head + strings.Join(sections, "\n")
	if !strings.Contains(text, "[control]\n") {
		text += "\n[control]\n"
	}
	text = strings.Replace(text, "[control]\n", fmt.Sprintf("[control]\nsocket = %q\n", d.Socket), 1)
	if err := os.WriteFile(d.Config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return d
}

// Section adds to the configuration.
func (d *Device) Section(format string, args ...any) {
	d.Helper()
	f := Must(os.OpenFile(d.Config, os.O_APPEND|os.O_WRONLY, 0))(d)
	_, err := fmt.Fprintf(f, format, args...)
	if err := errors.Join(err, f.Close()); err != nil {
		d.Fatal(err)
	}
}

// Start starts the daemon and waits until it is ready.
func (d *Device) Start() {
	d.Helper()
	ready := d.Launch()
	if err := ready(); err != nil {
		d.Fatalf("process %d does not become ready: %v", len(d.processes), err)
	}
}

// Launch starts the daemon; ready waits for its READY=1 (sd_notify(3)) or its end.
func (d *Device) Launch() (ready func() error) {
	d.Helper()
	path := filepath.Join(d.Dir, fmt.Sprintf("notify%d", len(d.processes)))
	conn := Must(net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"}))(d)
	if err := os.Chmod(path, 0o666); err != nil { // also for a daemon of another user
		d.Fatal(err)
	}
	command := append(slices.Clone(d.Wrap), Program("paird"), "run", "--config", d.Config)
	d.Process = Start(d, []string{"NOTIFY_SOCKET=" + path}, command[0], command[1:]...)
	process := d.Process
	d.processes = append(d.processes, process)
	go func() { <-process.Done(); conn.Close() }()
	return func() error {
		defer conn.Close()
		conn.SetReadDeadline(time.Now().Add(WaitLimit))
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
}

// Starts is how often the device was started.
func (d *Device) Starts() int { return len(d.processes) }

// Journal is what all processes have written to standard output and error.
func (d *Device) Journal() string {
	var all strings.Builder
	for _, process := range d.processes {
		all.WriteString(process.Text() + "\n")
	}
	return all.String()
}

// Stop ends the daemon as systemd would; it must end with 0.
func (d *Device) Stop() {
	d.Helper()
	d.Process.Stop(d)
	if code := d.Process.Cmd.ProcessState.ExitCode(); code != 0 {
		d.Errorf("paird ended with %d", code)
	}
}

// Paird runs one command of the program on this device's configuration.
func (d *Device) Paird(args ...string) (string, int) {
	d.Helper()
	return Run(d, Program("paird"), append(args, "--config", d.Config)...)
}

// Do runs a command that has to succeed.
func (d *Device) Do(args ...string) string {
	d.Helper()
	out, code := d.Paird(args...)
	if code != 0 {
		d.Fatalf("paird %s: exit %d: %s", strings.Join(args, " "), code, out)
	}
	return out
}

// Now is the status, asked once.
func (d *Device) Now() control.Status {
	d.Helper()
	ctx, cancel := context.WithTimeout(d.Context(), WaitLimit)
	defer cancel()
	s, err := d.Status(ctx)
	if err != nil {
		d.Fatal(err)
	}
	return s
}

// Await looks at the status until it is as wanted, and returns it.
func (d *Device) Await(what string, want func(control.Status) bool) control.Status {
	d.Helper()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	limit := time.After(WaitLimit)
	for {
		s := d.Now()
		if want(s) {
			return s
		}
		select {
		case <-look.C:
		case <-d.Process.Done():
			d.Fatalf("paird ended while the test waited for: %s", what)
		case <-limit:
			d.Fatalf("not within %s: %s; the status is %+v", WaitLimit, what, s)
		}
	}
}

// Dial connects to the control socket.
func (d *Device) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "unix", d.Socket)
}

// Paired, Pairing, Online and Unpaired are what Await waits for.
func Paired(s control.Status) bool { return s.State == control.StatePaired && s.Grant != nil }

// Pairing: a code is shown.
func Pairing(s control.Status) bool { return s.State == control.StatePairing && s.Pairing != nil }

// Unpaired: there is neither a grant nor a code.
func Unpaired(s control.Status) bool { return s.State == control.StateUnpaired }

// Online: paired, with a session at the broker.
func Online(s control.Status) bool {
	return Paired(s) && s.Broker != nil && s.Broker.State == control.BrokerOnline
}
