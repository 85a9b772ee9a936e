package booted

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
)

// Machine is a Debian that systemd has booted, in a container that shares the network of this machine: a server on
// its loopback can be reached. It ends with the test, and what was written in it goes with it.
type Machine struct {
	testing.TB
	leader string // the process id of its systemd
}

// machines counts those of this process: each has a name of its own.
var machines atomic.Int64

// Boot boots the tree that scripts/setup-booted.sh has made below root, the path to the module's root, and waits until
// systemd has started everything. It takes root.
func Boot(t testing.TB, root string) *Machine {
	t.Helper()
	e2e.NeedsRoot(t, "a container is booted")
	tree := e2e.Must(filepath.Abs(filepath.Join(root, "build", "booted")))(t)
	if _, err := os.Stat(filepath.Join(tree, "etc", "paird-tree")); err != nil {
		t.Fatalf("%v: run scripts/setup-booted.sh", err)
	}
	notify := filepath.Join(t.TempDir(), "notify")
	conn := e2e.Must(net.ListenUnixgram("unixgram", &net.UnixAddr{Name: notify, Net: "unixgram"}))(t)
	defer conn.Close()
	name := fmt.Sprintf("paird-%d-%d", os.Getpid(), machines.Add(1))
	group := controlGroup(t, name)
	// The tree lies below a file system in memory, which takes what is written. A unified hierarchy of control groups
	// is what today's distributions boot with.
	p := e2e.Start(t, []string{"NOTIFY_SOCKET=" + notify, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1"}, "sh", "-c",
		`echo $$ >"$0/cgroup.procs" && exec systemd-nspawn "$@"`, group, "--quiet", "--boot", "--directory="+tree, "--volatile=overlay", "--machine="+name, "--register=no", "--keep-unit",
		"--link-journal=no", "--console=pipe", "--notify-ready=yes",
		"--capability=all", "--system-call-filter=bpf") // SocketBindDeny= and DeviceAllow= are BPF programs
	t.Cleanup(func() { halt(t, p) })
	m := &Machine{TB: t, leader: booted(t, conn)}
	t.Cleanup(func() {
		if t.Failed() {
			out, _ := m.Run("journalctl", "--boot", "--no-pager", "--lines=40")
			t.Logf("the journal of the machine:\n%s", out)
		}
	})
	return m
}

// controlGroup makes a control group for a machine: the systemds of two must not share one. It goes with the test.
func controlGroup(t testing.TB, name string) string {
	t.Helper()
	var group string
	for line := range strings.Lines(string(e2e.Must(os.ReadFile("/proc/mounts"))(t))) {
		if mount := strings.Fields(line); mount[2] == "cgroup2" {
			group = filepath.Join(mount[1], name)
		}
	}
	if group == "" {
		t.Fatal("cgroup2 is not mounted")
	}
	if err := os.Mkdir(group, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeGroup(group) })
	return group
}

// removeGroup removes a control group and those below it; what is in use stays.
func removeGroup(group string) {
	below, _ := os.ReadDir(group)
	for _, e := range below {
		if e.IsDir() {
			removeGroup(filepath.Join(group, e.Name()))
		}
	}
	_ = os.Remove(group)
}

// booted waits until the container is ready and returns the process id of its systemd (systemd-nspawn(1):
// --notify-ready).
func booted(t testing.TB, conn *net.UnixConn) (leader string) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(e2e.WaitLimit))
	for said, ready := make([]byte, 4096), false; !ready || leader == ""; {
		n, err := conn.Read(said)
		if err != nil {
			t.Fatalf("the machine does not boot: %v", err)
		}
		for line := range strings.Lines(string(said[:n])) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			switch key {
			case "READY":
				ready = true
			case "X_NSPAWN_LEADER_PID":
				leader = value
			}
		}
	}
	return leader
}

// halt ends the container: a second SIGTERM does not wait for its services.
func halt(t testing.TB, p *e2e.Process) {
	for limit := time.After(e2e.WaitLimit); ; {
		p.Cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.Done():
			return
		case <-time.After(100 * time.Millisecond):
		case <-limit:
			t.Error("the machine does not end")
			p.Kill()
			return
		}
	}
}

// command is a program in the machine, as root.
func (m *Machine) command(args ...string) *exec.Cmd {
	enter := []string{"--target", m.leader, "--all", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"}
	return exec.Command("nsenter", append(enter, args...)...)
}

// Run runs a program in the machine as root. It returns what the program prints, errors with it, and its exit code.
func (m *Machine) Run(args ...string) (string, int) {
	m.Helper()
	out, err := m.command(args...).CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(out), exit.ExitCode()
	}
	if err != nil {
		m.Fatal(err)
	}
	return string(out), 0
}

// Do runs a program that has to succeed.
func (m *Machine) Do(args ...string) string {
	m.Helper()
	out, code := m.Run(args...)
	if code != 0 {
		m.Fatalf("%s: exit %d: %s", strings.Join(args, " "), code, out)
	}
	return out
}

// Write writes a file of the machine, with its folders.
func (m *Machine) Write(path string, mode os.FileMode, content []byte) {
	m.Helper()
	cmd := m.command("install", "-D", "-m", fmt.Sprintf("%04o", mode.Perm()), "/dev/stdin", path)
	cmd.Stdin = bytes.NewReader(content)
	if out, err := cmd.CombinedOutput(); err != nil {
		m.Fatalf("%s: %v: %s", path, err, out)
	}
}

// Put copies a file of this machine to a path in the booted one, with its folders.
func (m *Machine) Put(file, path string, mode os.FileMode) {
	m.Helper()
	m.Write(path, mode, e2e.Must(os.ReadFile(file))(m))
}
