package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/paird/paird/agent/internal/boltfile"
	"golang.org/x/sys/unix"
)

const (
	lockWait = 2 * time.Second       // for a process that is just stopping
	lockPoll = 50 * time.Millisecond // between two tries
)

// lockDir makes the directory if it is not there and locks it until the file is closed. The lock is
// on the directory itself, so it needs no file and works on a read-only file system.
func lockDir(dir string) (*os.File, error) {
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for waited := time.Duration(0); ; waited += lockPoll {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return f, nil
		case !errors.Is(err, unix.EWOULDBLOCK):
			return nil, errors.Join(err, f.Close())
		case waited >= lockWait:
			return nil, errors.Join(ErrLocked, f.Close())
		}
		time.Sleep(lockPoll)
	}
}

// makeDir makes the directory, and those above it that are missing, durably.
func makeDir(dir string) error {
	parent := filepath.Dir(dir)
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrNotExist) && parent != dir {
		if err := makeDir(parent); err != nil {
			return err
		}
		err = os.Mkdir(dir, 0o700)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return err
	}
	return boltfile.Disk{}.SyncDir(parent)
}
