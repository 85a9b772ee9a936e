//go:build real

package attack

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/internal/provider/providertest"
)

// Each system call on the files of store and queue fails with EIO, once or from then on, under strace: the daemon
// comes up, says so as problem storage while it lasts, and has its grant and its messages when it is over.
func TestErrorsOfTheDisk(t *testing.T) {
	t.Parallel()
	e2e.NeedsRoot(t, "strace finds the files by the daemon's descriptors")
	p := providertest.New(t, nil)
	p.Always(provider.Approve)
	d := newDevice(t, p, "", "[mqtt]\nurl = \"mqtts://127.0.0.1:1\"\n")
	d.Start()
	d.Do("pair")
	d.Await("paired", e2e.Paired)
	d.Do("publish", "kept", "message")
	d.Stop()
	for _, call := range []string{"openat", "newfstatat", "fstat", "pread64", "read", "flock", "fdatasync", "getdents64", "pwrite64"} {
		for _, when := range []string{"1", "1+1"} {
			if !underEIO(t, d, call, when) {
				t.Errorf("%s is never called: nothing was tested", call)
			}
		}
	}
	d.Wrap = nil
	d.Start()
	s := d.Await("all is well", func(s control.Status) bool { return e2e.Paired(s) && !storageProblem(s) })
	if s.Queue == nil || s.Queue.Messages == 0 {
		t.Errorf("the message is lost: %+v", s.Queue)
	}
	if n := p.Count(provider.CodeIssued); n != 1 {
		t.Errorf("the device asked for %d codes", n)
	}
	d.Stop()
}

// The same for what happens only where there is no store yet: the folder, its files and their names.
func TestErrorsOfAnEmptyDisk(t *testing.T) {
	t.Parallel()
	e2e.NeedsRoot(t, "strace finds the files by the daemon's descriptors")
	for _, call := range []string{"mkdirat", "fsync", "fdatasync", "fallocate", "renameat", "pwrite64", "fstat"} {
		p := providertest.New(t, nil)
		p.Always(provider.Approve)
		d := newDevice(t, p, "")
		if !underEIO(t, d, call, "1") {
			t.Errorf("%s is never called: nothing was tested", call)
		}
		d.Wrap = nil
		d.Start()
		d.Do("pair")
		d.Await("paired", func(s control.Status) bool { return e2e.Paired(s) && !storageProblem(s) })
		d.Stop()
	}
}

// underEIO is one life in which the calls fail. It reports whether there were such calls.
func underEIO(t *testing.T, d *e2e.Device, call, when string) bool {
	t.Helper()
	log := filepath.Join(t.TempDir(), "strace")
	d.Wrap = []string{"strace", "-D", "-f", "-qq", "-o", log, "-e", "trace=" + call, "-e", "inject=" + call + ":error=EIO:when=" + when, "-P", d.State}
	there, err := filepath.Glob(d.State + "/*")
	must(t, err)
	for _, name := range []string{"tokens.db", "tokens.db.new", "tokens.a.new", "tokens.b.new", "key.new", "queue.00000001", "queue.new"} {
		there = append(there, filepath.Join(d.State, name))
	}
	for _, path := range there {
		d.Wrap = append(d.Wrap, "-P", path)
	}
	if err := d.Launch()(); err != nil {
		t.Errorf("%s, when=%s: it does not come up: %v\n%.2000s", call, when, err, d.Process.Text())
		d.Process.Kill()
		return false
	}
	d.Now()
	if d.Starts() == 1 {
		d.Do("pair")
		d.Await("paired, or a problem", func(s control.Status) bool { return e2e.Paired(s) || storageProblem(s) })
	}
	d.Paird("publish", "more", "message")
	d.Stop()
	if said := d.Process.Text(); strings.Contains(said, "panic:") || strings.Contains(said, "SIGSEGV") {
		t.Errorf("%s, when=%s: %.2000s", call, when, said)
	}
	return strings.Contains(string(e2e.Must(os.ReadFile(log))(t)), "INJECTED")
}
