//go:build real

package attack

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/internal/provider/providertest"
)

// tree is everything below dir: names, modes and contents.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		fmt.Fprintln(&all, path, info.Mode(), info.Size())
		if e.Type().IsRegular() {
			content, err := os.ReadFile(path)
			fmt.Fprintf(&all, "%q\n", content)
			return err
		}
		return nil
	}))
	return all.String()
}

// A state directory that another account made first, with a key and slots of its own, is left as it is: the daemon
// writes no secret there, whichever user asks it to pair.
func TestPlantedStateDirectory(t *testing.T) {
	t.Parallel()
	e2e.NeedsRoot(t, "a second account makes the directory")
	for _, mode := range []os.FileMode{0o755, 0o777} {
		planted := filepath.Join(shared(t), "paird")
		must(t, e2e.Nobody.Do(func() error {
			return errors.Join(os.Mkdir(planted, 0o700), os.Chmod(planted, mode), os.WriteFile(planted+"/key", make([]byte, 32), 0o600),
				os.WriteFile(planted+"/tokens.a", []byte("planted"), 0o600), os.WriteFile(planted+"/tokens.b", nil, 0o600))
		}))
		before := tree(t, planted)
		p := providertest.New(t, nil)
		p.Always(provider.Approve)
		d := newDevice(t, p, "")
		must(t, replace(d.Config, d.State, planted))
		d.RunAs(e2e.Daemon)
		d.Start()
		d.Await("the directory is refused", storageProblem)
		d.Paird("pair") // it may try; what counts is where the answer goes
		d.Await("it is refused still", storageProblem)
		if s := d.Now(); !strings.Contains(s.Problem.Detail, "not safe") {
			t.Errorf("mode %v: the problem does not say why: %q", mode, s.Problem.Detail)
		}
		d.Stop()
		if after := tree(t, planted); after != before {
			t.Errorf("mode %v: the planted directory was changed:\n%s\nwas\n%s", mode, after, before)
		}
	}
}

// replace replaces a text in a file.
func replace(path, from, to string) error {
	text, err := os.ReadFile(path)
	return errors.Join(err, os.WriteFile(path, []byte(strings.ReplaceAll(string(text), from, to)), 0o644))
}

// A key file of another account would seal what that account can then read: it is not used, and nothing is paired.
func TestPlantedKey(t *testing.T) {
	t.Parallel()
	e2e.NeedsRoot(t, "a second account owns the file")
	p := providertest.New(t, nil)
	p.Always(provider.Approve)
	d := newDevice(t, p, "")
	must(t, os.Mkdir(d.State, 0o700))
	must(t, os.Chown(d.State, e2e.Daemon.UID, e2e.Daemon.GID))
	must(t, os.WriteFile(d.State+"/key", make([]byte, 32), 0o644))
	must(t, os.Chown(d.State+"/key", e2e.Nobody.UID, e2e.Nobody.GID))
	d.RunAs(e2e.Daemon)
	d.Start()
	d.Paird("pair")
	s := d.Await("the key is refused", storageProblem)
	if e2e.Paired(s) || !strings.Contains(s.Problem.Detail, "key is not safe") {
		t.Errorf("%v %q", s.State, s.Problem.Detail)
	}
	d.Stop()
	if key := e2e.Must(os.ReadFile(d.State + "/key"))(t); !bytes.Equal(key, make([]byte, 32)) {
		t.Errorf("the key is another one now: %x", key)
	}
	if leak := p.Leak(tree(t, d.State), true); leak != "" {
		t.Errorf("%q is in the state directory", leak)
	}
}

// A second name of tokens.a would be overwritten together with the first.
func TestPlantedFiles(t *testing.T) {
	t.Parallel()
	e2e.NeedsRoot(t, "a second account owns the files")
	victim := filepath.Join(shared(t), "victim")
	for name, c := range map[string]struct {
		plant func(d *e2e.Device) error
		then  func(control.Status) bool
	}{
		"tokens.a": {func(d *e2e.Device) error {
			return errors.Join(os.WriteFile(victim, []byte("precious"), 0o600), os.Chown(victim, e2e.Daemon.UID, e2e.Daemon.GID), os.Link(victim, d.State+"/tokens.a"))
		}, storageProblem},
		"tokens.b": {func(d *e2e.Device) error { return os.Symlink(victim, d.State+"/tokens.b") }, e2e.Paired}, // the link goes
	} {
		p := providertest.New(t, nil)
		p.Always(provider.Approve)
		d := newDevice(t, p, "")
		must(t, os.Mkdir(d.State, 0o700))
		must(t, os.Chown(d.State, e2e.Daemon.UID, e2e.Daemon.GID))
		must(t, c.plant(d))
		d.RunAs(e2e.Daemon)
		d.Start()
		d.Paird("pair")
		d.Await(name, c.then)
		d.Stop()
		if content, err := os.ReadFile(victim); err == nil && string(content) != "precious" {
			t.Errorf("%s: the file it leads to now holds %d bytes of the daemon", name, len(content))
		}
		os.Remove(victim)
	}
}

// While an account swaps the name of the socket for a link, in a folder that it may write to, the daemon changes the
// mode of nothing but its socket: it refuses the folder.
func TestSocketRace(t *testing.T) {
	t.Parallel()
	e2e.NeedsRoot(t, "a second account swaps the names")
	victim := e2e.Secret(t, "victim", "0600 it shall stay")
	must(t, os.Chmod(filepath.Dir(victim), 0o755))
	must(t, os.Chmod(filepath.Dir(filepath.Dir(victim)), 0o755))
	for _, owner := range []e2e.Account{e2e.Nobody, {Name: "root"}} {
		folder := filepath.Join(shared(t), "run")
		must(t, os.Mkdir(folder, 0o700))
		must(t, errors.Join(os.Chmod(folder, 0o777), os.Chown(folder, owner.UID, owner.GID)))
		stop, stopped := swap(folder+"/paird.sock", victim)
		for range 10 {
			d := newDevice(t, providertest.New(t, nil), "")
			must(t, replace(d.Config, d.Socket, folder+"/paird.sock"))
			ready := d.Launch() // as root, which may change every mode
			if ready() == nil {
				t.Errorf("the folder of %s was taken", owner.Name)
			}
			d.Process.Kill()
		}
		stop.Store(true)
		must(t, <-stopped)
	}
	if info := e2e.Must(os.Stat(victim))(t); info.Mode().Perm() != 0o600 {
		t.Errorf("the victim's mode is %v", info.Mode())
	}
}

// swap puts a link to target in place of the socket, as often as it can, as nobody.
func swap(socket, target string) (stop *atomic.Bool, stopped chan error) {
	stop, stopped = new(atomic.Bool), make(chan error, 1)
	go func() {
		stopped <- e2e.Nobody.Do(func() error {
			for !stop.Load() {
				if info, err := os.Lstat(socket); err == nil && info.Mode().Type() == fs.ModeSocket {
					_ = os.Remove(socket) // in a race one loses too
					_ = os.Symlink(target, socket)
				} else if err == nil {
					_ = os.Remove(socket)
				}
			}
			return nil
		})
	}()
	return stop, stopped
}
