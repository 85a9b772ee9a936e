//go:build real

package survival

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/display"
)

// ownDisk mounts a file system of 16 MiB for the test alone, which takes root.
func ownDisk(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, "size=16m,mode=0700"); err != nil {
		t.Fatalf("mounting a file system: %v: run as root", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmounting %s: %v", dir, err)
		}
	})
	return dir
}

// readOnly turns the disk read-only, or writable again; nothing may be open for writing.
func readOnly(t *testing.T, dir string, yes bool) {
	t.Helper()
	flags := uintptr(syscall.MS_REMOUNT)
	if yes {
		flags |= syscall.MS_RDONLY
	}
	if err := syscall.Mount("tmpfs", dir, "", flags, ""); err != nil {
		t.Fatalf("remounting %s: %v", dir, err)
	}
}

// fill leaves not a byte free, and returns how to free them.
func fill(t *testing.T, dir string) (empty func()) {
	t.Helper()
	path := filepath.Join(dir, "ballast")
	f, err := os.Create(path)
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("filling the disk: %v", err)
	}
	f.Close()
	return func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// onOwnDisk is a device that has paired on a disk of its own, and has stopped.
func onOwnDisk(t *testing.T) *device {
	l := newLab(t, 2*time.Second)
	d := newDevice(l, ownDisk(t), "[queue]\nsync = \"always\"\n[telemetry]\ninterval = \"1s\"\n")
	d.Section("[display]\npanel = \"png\"\nsize = \"128x64\"\n[png]\nfile = %q\n", d.path("panel.png"))
	d.pair()
	d.Stop()
	return d
}

func storageFirst(s control.Status) bool { return s.Problem != nil && s.Problem.Code == "storage" }
func storageWell(s control.Status) bool {
	for _, p := range s.Problems {
		if p.Code == "storage" {
			return false
		}
	}
	return e2e.Paired(s)
}

// shows waits until the panel has the screen of problem storage, as the status has it.
func (d *device) shows() {
	d.Helper()
	d.Await("the panel shows the problem", func(s control.Status) bool {
		return storageFirst(s) && d.panelIs(display.Problem{Code: "storage", Detail: s.Problem.Detail, Queued: s.Queue.Messages})
	})
}

// panelIs reports whether the panel has that screen, on one of its pages.
func (d *device) panelIs(s display.Screen) bool {
	return e2e.PanelIs(d.Device, d.path("panel.png"), s, display.Geometry{Width: 128, Height: 64, Language: "en"})
}

// A full disk is a problem on the panel and no reason to die, nor to pair again: refreshes go on, and with
// room everything does.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	d := onOwnDisk(t)
	d.broker.Close() // or nothing would have to be written
	d.Start()
	d.Await("paired", storageWell)
	if err := d.Publish(t.Context(), "test/full", []byte("before")); err != nil {
		t.Fatal(err)
	}
	empty := fill(t, d.State)
	if err := d.Publish(t.Context(), "test/full", []byte("full")); !refusedWith(err, control.Storage) {
		t.Errorf("publishing on a full disk: %v", err)
	}
	d.shows()
	d.refreshed(3)
	if s := d.Now(); !e2e.Paired(s) || s.Queue.Messages == 0 {
		t.Errorf("on a full disk: %+v", s)
	}
	empty()
	d.Await("well again", storageWell)
	if err := d.Publish(t.Context(), "test/full", []byte("after")); err != nil {
		t.Errorf("with room again: %v", err)
	}
	d.refreshed(2)
	d.stillOne()
	d.Process.Kill()
	d.Start()
	d.stillOne()
}

// The same from the start, killed on the full disk: what it was given is still there.
func TestKilledOnFullDisk(t *testing.T) {
	t.Parallel()
	d := onOwnDisk(t)
	empty := fill(t, d.State)
	for range 5 {
		d.Start()
		d.Await("online", e2e.Online)
		d.refreshed(2)
		d.Process.Kill()
	}
	empty()
	d.Start()
	d.Await("online and well", func(s control.Status) bool { return e2e.Online(s) && storageWell(s) })
	d.stillOne()
}

// A disk that is read-only is the same: shown on the panel, and over when it is writable again.
func TestReadOnlyDisk(t *testing.T) {
	t.Parallel()
	d := onOwnDisk(t)
	readOnly(t, d.State, true)
	d.Start()
	d.Await("problem storage", storageFirst)
	d.shows()
	if err := d.Publish(t.Context(), "test/ro", []byte("refused")); !refusedWith(err, control.Storage) {
		t.Errorf("publishing on a read-only disk: %v", err)
	}
	readOnly(t, d.State, false)
	d.Await("online and well", func(s control.Status) bool { return e2e.Online(s) && storageWell(s) })
	d.refreshed(2)
	if err := d.Publish(t.Context(), "test/ro", []byte("taken")); err != nil {
		t.Errorf("writable again: %v", err)
	}
	d.stillOne()
}

// refusedWith reports whether the daemon refused with that code.
func refusedWith(err error, code control.Code) bool {
	e, ok := errors.AsType[*control.Error](err)
	return ok && e.Code == code
}

// stillOne checks that the device is paired, by the first code it ever showed.
func (d *device) stillOne() {
	d.Helper()
	d.Await("still paired", e2e.Paired)
	if n := d.count(provider.CodeIssued); n != 1 {
		d.Errorf("the device asked for %d codes", n)
	}
	d.Stop()
}
