//go:build real

package attack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/internal/provider/providertest"
)

// pairedDevice has paired; its tokens are in its memory.
func pairedDevice(t *testing.T, p *providertest.Server, wrap ...string) *e2e.Device {
	t.Helper()
	p.Always(provider.Approve)
	d := newDevice(t, p, "")
	if os.Geteuid() == 0 {
		d.RunAs(e2e.Daemon)
	}
	d.Wrap = slices.Concat([]string{"env", "--chdir=" + d.Dir}, wrap, d.Wrap) // a core file would be there
	d.Start()
	d.Do("pair")
	d.Await("paired", e2e.Paired)
	return d
}

// as runs fn as the daemon's own user.
func as(fn func() error) error {
	if os.Geteuid() != 0 {
		return fn()
	}
	return e2e.Daemon.Do(fn)
}

// A process of the daemon's own user, such as a hook, reads neither its memory nor its environment and descriptors
// (prctl(2): PR_SET_DUMPABLE).
// What keeps it from mem keeps it from tracing too (ptrace(2)).
func TestMemoryIsPrivate(t *testing.T) {
	t.Parallel()
	d := pairedDevice(t, providertest.New(t, nil))
	err := as(func() error {
		var open []error
		for _, name := range []string{"mem", "environ", "maps", "fd/0", "auxv"} {
			if f, err := os.Open(proc(d, name)); !errors.Is(err, fs.ErrPermission) {
				open = append(open, errors.New(name+" can be opened"))
				f.Close()
			}
		}
		return errors.Join(open...)
	})
	if err != nil {
		t.Error(err)
	}
	d.Stop()
}

// A hook is trusted as the daemon is: it is the same user, reads the key and may ask for a token whatever [control]
// says. It does not read the daemon's memory.
func TestHookIsTrusted(t *testing.T) {
	t.Parallel()
	p := providertest.New(t, nil)
	p.Always(provider.Approve)
	d := newDevice(t, p, "token = []\n", "")
	said := filepath.Join(d.Dir, "said")
	hook := e2e.Write(t, "hook", fmt.Sprintf("#!/bin/sh\n{ id -u; wc -c <%s/key; cat /proc/$PPID/environ || echo closed; %s token --config %s; } >%s.new 2>&1; mv %s.new %s\n",
		d.State, e2e.Program("paird"), d.Config, said, said, said))
	must(t, os.Chmod(hook, 0o755))
	must(t, os.Chmod(filepath.Dir(hook), 0o755))
	d.Section("[hooks]\non_event = [%q]\n", hook)
	uid := os.Geteuid()
	if uid == 0 {
		d.RunAs(e2e.Daemon)
		uid = e2e.Daemon.UID
	}
	d.Start()
	d.Do("pair")
	d.Await("paired", e2e.Paired)
	var lines []string
	e2e.Eventually(t, "the hook has run after the pairing", func() bool {
		text, _ := os.ReadFile(said)
		lines = strings.Split(strings.TrimSpace(string(text)), "\n")
		return len(lines) > 3 && p.Leak(lines[len(lines)-1], false) != ""
	})
	if lines[0] != strconv.Itoa(uid) || lines[1] != "32" || !slices.Contains(lines, "closed") {
		t.Errorf("the hook is another user, cannot read the key, or can read the daemon's environment: %q", lines[:3])
	}
	d.Stop()
}

// A daemon that dies leaves no core file, though its limit allows one (core(5)).
func TestNoCore(t *testing.T) {
	t.Setenv("GOTRACEBACK", "crash") // Go then ends as a C program does: by SIGABRT
	d := pairedDevice(t, providertest.New(t, nil), "prlimit", "--core=unlimited:")
	must(t, d.Process.Cmd.Process.Signal(syscall.SIGABRT))
	<-d.Process.Done()
	state, ok := d.Process.Cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || !state.Signaled() || state.Signal() != syscall.SIGABRT {
		t.Fatalf("it did not die of the signal: %v", d.Process.Cmd.ProcessState)
	}
	if state.CoreDump() {
		t.Error("its memory is in a core file")
	}
}

// What the server gave to the device is in no file, no line of the log and not in the environment.
func TestNothingToFind(t *testing.T) {
	t.Parallel()
	p := providertest.New(t, nil)
	d := pairedDevice(t, p)
	token := d.Do("token")
	if p.Leak(token, false) == "" {
		t.Fatal("the search does not find a token where one is")
	}
	look := func(when string) {
		t.Helper()
		for place, text := range map[string]string{"state directory": tree(t, d.State), "log": d.Journal()} {
			if leak := p.Leak(text, true); leak != "" {
				t.Errorf("%s: %q is in the %s", when, leak, place)
			}
		}
	}
	look("running")
	if environ, err := os.ReadFile(proc(d, "environ")); err == nil && p.Leak(string(environ), true) != "" {
		t.Error("a secret is in the environment")
	}
	d.Process.Kill()
	look("killed")
	d.Start()
	d.Await("paired", e2e.Paired)
	d.Stop()
	look("stopped")
}
