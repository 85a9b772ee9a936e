package e2e

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// unrun are the tests of this program that were not run; Main reports them.
var unrun struct {
	sync.Mutex
	tests []string
}

// NeedsRoot leaves out a test that only root can run. It is reported as not run, never as passed: Main lists it,
// and fails where the environment says CI=true.
func NeedsRoot(t testing.TB, why string) {
	t.Helper()
	if os.Geteuid() == 0 {
		return
	}
	unrun.Lock()
	unrun.tests = append(unrun.tests, t.Name()+" ("+why+")")
	unrun.Unlock()
	t.Skipf("NOT RUN, it needs root: %s", why)
}

// reportUnrun lists what was not run and returns the exit code of the whole.
func reportUnrun(code int, ci bool) int {
	unrun.Lock()
	defer unrun.Unlock()
	if len(unrun.tests) == 0 {
		return code
	}
	fmt.Fprintf(os.Stderr, "NOT RUN, they need root: %s\n", strings.Join(unrun.tests, ", "))
	if ci && code == 0 {
		return 1
	}
	return code
}

// An Account is a user of this machine, with one group.
type Account struct {
	Name     string
	UID, GID int
}

// Accounts that every Linux has. The tests run the daemon as the first and attack as the second.
var (
	Daemon = Account{"daemon", 1, 1}
	Nobody = Account{"nobody", 65534, 65534}
)

// Do runs fn with the rights of the account, in this process: credentials belong to a thread (credentials(7)). It
// takes root. fn must do its work in its own goroutine.
func (a Account) Do(fn func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		done <- errors.Join(a.become(), fn())
	}()
	return <-done
}

func (a Account) become() error {
	if _, _, e := syscall.RawSyscall(syscall.SYS_SETGROUPS, 0, 0, 0); e != 0 {
		return fmt.Errorf("setgroups: %w", e)
	}
	if _, _, e := syscall.RawSyscall(syscall.SYS_SETRESGID, uintptr(a.GID), uintptr(a.GID), uintptr(a.GID)); e != 0 {
		return fmt.Errorf("setresgid: %w", e)
	}
	if _, _, e := syscall.RawSyscall(syscall.SYS_SETRESUID, uintptr(a.UID), uintptr(a.UID), uintptr(a.UID)); e != 0 {
		return fmt.Errorf("setresuid: %w", e)
	}
	return nil
}

// Dial connects to a Unix socket as the account.
func (a Account) Dial(path string) (conn net.Conn, err error) {
	err = a.Do(func() (err error) {
		conn, err = net.Dial("unix", path)
		return err
	})
	return conn, err
}

// RunAs lets the device run as the account, whose its folder becomes, and lets every user of this machine connect.
func (d *Device) RunAs(a Account) {
	d.Helper()
	d.Wrap = []string{"setpriv", fmt.Sprintf("--reuid=%d", a.UID), fmt.Sprintf("--regid=%d", a.GID), "--clear-groups", "--"}
	err := errors.Join(os.Chown(d.Dir, a.UID, a.GID), os.Chmod(d.Dir, 0o755), os.Chmod(filepath.Dir(d.Dir), 0o755), os.Chmod(folder, 0o755))
	if err != nil {
		d.Fatal(err)
	}
}
