package troubles

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
)

// localTroubles are those of disk, configuration and socket.
func localTroubles() []trouble {
	const memory = "Memory error"
	return []trouble{
		{"the disk is full", memory, control.ProblemStorage, "less than 8 MiB free", none, "1, 1", "free space on the disk of the state directory", fullDisk},
		{"the disk is read-only", memory, control.ProblemStorage, "read-only file system", none, "1, 1", "make the file system of the state directory writable; an SD card that is worn turns read-only", readOnlyDisk},
		{"the key of the tokens is missing", memory, control.ProblemStorage, "bring the key back, or pair again", "`secrets`", "1, 1", "put the key back into the state directory, or press the button to pair again", keyMissing},
		{"other users may write to the state directory", memory, control.ProblemStorage, "mode 0777 lets others write: run `chmod go-w`", "`secrets`", "1, 1", "run `chmod go-w` on the path that is named, after a look at what is in it", openDirectory},
		{"paird does not run, or its socket is missing", none, "", "paird is not running", none, "5, 0", "start it with `systemctl start paird` or `paird run`", notStarted},
		{"a second paird is started", none, "", "another paird is running", none, "4, 0, `run` 1", "stop it first, or give this one a control.socket and a device.state_dir of its own", second},
		{"the configuration is wrong: a key that there is not, on line 17", "Not set up correctly (Settings: line 17)", "", "is not a key", "`config`", "2, 1, `run` 78", "remove it (line 17)", badConfiguration},
		{"the configuration cannot be read by the daemon's user", none, "", "permission denied", "`config`", "2, 1, `run` 78", "run this as root, or let its readers in: `sudo chmod 0644` (secrets have files of their own)", closedConfiguration},
	}
}

// ownDisk is a device on a file system of its own, which takes root.
func ownDisk(t *testing.T) *device {
	t.Helper()
	e2e.NeedsRoot(t, "a file system is mounted")
	l := newLab(t, time.Hour)
	l.Always(provider.Deny)
	d := newDevice(t, l.URL, "", "[queue]\nsync = \"always\"\n")
	err := errors.Join(os.Mkdir(d.State, 0o700), syscall.Mount("tmpfs", d.State, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, "size=16m,mode=0700"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(d.State, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return d
}

func fullDisk(t *testing.T) *device {
	d := ownDisk(t).started()
	f := e2e.Must(os.Create(filepath.Join(d.State, "ballast")))(t)
	defer f.Close()
	var err error
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	go publishAgain(t.Context(), d.Device)
	d.Await("a problem", func(s control.Status) bool { return s.Problem != nil })
	d.Paird("pair", "--wait") // it is denied, and the panel is drawn again before half a minute is over
	return d
}

// publishAgain is a program that goes on publishing.
func publishAgain(ctx context.Context, d *e2e.Device) {
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for ; ctx.Err() == nil; <-again.C {
		_ = d.Publish(ctx, "test/full", []byte("refused")) // by a full disk, or at the end of the test
	}
}

func readOnlyDisk(t *testing.T) *device {
	d := ownDisk(t).started()
	d.Stop()
	if err := syscall.Mount("tmpfs", d.State, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	return d.started()
}

func keyMissing(t *testing.T) *device {
	d := newDevice(t, newLab(t, time.Hour).URL, approved).started()
	d.Await("paired", e2e.Paired)
	d.Stop()
	if err := os.Remove(filepath.Join(d.State, "key")); err != nil {
		t.Fatal(err)
	}
	return d.started()
}

func openDirectory(t *testing.T) *device {
	d := newDevice(t, newLab(t, time.Hour).URL, "")
	if err := errors.Join(os.Mkdir(d.State, 0o777), os.Chmod(d.State, 0o777)); err != nil {
		t.Fatal(err)
	}
	return d.started()
}

func notStarted(t *testing.T) *device { return newDevice(t, newLab(t, time.Hour).URL, "") }

func second(t *testing.T) *device {
	first := newDevice(t, newLab(t, time.Hour).URL, "").started()
	d := *first
	other := *first.Device
	other.Process = nil // what it says is its own
	d.Device = &other
	return d.ends()
}

func badConfiguration(t *testing.T) *device {
	d := newDevice(t, newLab(t, time.Hour).URL, "")
	d.Section("colour = \"green\"\n")
	return d.ends()
}

// closedConfiguration is a device whose configuration only root can read, as its own user sees it.
func closedConfiguration(t *testing.T) *device {
	e2e.NeedsRoot(t, "the daemon runs as another user")
	d := newDevice(t, newLab(t, time.Hour).URL, "")
	d.RunAs(e2e.Daemon)
	if err := os.Chmod(d.Config, 0o600); err != nil {
		t.Fatal(err)
	}
	d.command = append(slices.Clone(d.Wrap), e2e.Program("paird"))
	return d.ends()
}
