package statedir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// ErrLocked: another process has locked the folder.
var ErrLocked = errors.New("the state directory is in use by another process")

const lockPoll = 50 * time.Millisecond // between two tries

// A Dir is an open folder.
type Dir struct {
	path string
	tap  Tap
	root *os.Root
	self *os.File // the folder as a file, to lock and flush it; closing it ends the lock
	info fs.FileInfo
	own  Facts
}

// Make makes the folder (0700), and those above it that are missing, and opens it.
func Make(path string, tap Tap) (*Dir, error) {
	if err := makeDir(path, tap); err != nil {
		return nil, err
	}
	return Open(path, tap)
}

// Open opens a folder that is there. An *UnsafeError says that another account may have made it, or may
// write to it.
func Open(path string, tap Tap) (*Dir, error) {
	path, err := resolve(path)
	if err != nil {
		return nil, err
	}
	named, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if err := tap.note(Op{Kind: OpenDir, Path: path}); err != nil {
		return nil, err
	}
	if !named.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ENOTDIR}
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	self, err := root.Open(".")
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	d := &Dir{path: path, tap: tap, root: root, self: self}
	if err := d.check(named); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// check compares what was opened with what has the name, and looks at whose it is.
func (d *Dir) check(named fs.FileInfo) (err error) {
	if d.info, err = d.self.Stat(); err != nil {
		return err
	}
	d.own = FactsOf(d.info)
	if !os.SameFile(named, d.info) {
		return &UnsafeError{d.path, "it was replaced while it was opened"}
	}
	if fault := folderFault(d.own, uint32(os.Geteuid()), placedByRoot(d.path)); fault != "" {
		return &UnsafeError{d.path, fault}
	}
	return nil
}

// Close closes the folder and ends its lock.
func (d *Dir) Close() error { return errors.Join(d.self.Close(), d.root.Close()) }

// Fd returns the descriptor of the folder, good until Close, for system calls that Dir has none for.
func (d *Dir) Fd() uintptr { return d.self.Fd() }

// Path returns the path of a name in the folder; of "." it is the folder's.
func (d *Dir) Path(name string) string { return filepath.Join(d.path, name) }

// Facts returns whose the folder is.
func (d *Dir) Facts() Facts { return d.own }

// Current reports whether the path still names this folder.
func (d *Dir) Current() bool {
	if d.note(Lookup, ".") != nil {
		return false
	}
	now, err := os.Stat(d.path)
	return err == nil && os.SameFile(now, d.info)
}

// Lock locks the folder itself, so it needs no file and works on a read-only file system. It waits that
// long for another process that is stopping, and returns ErrLocked then.
func (d *Dir) Lock(wait time.Duration) error {
	for waited := time.Duration(0); ; waited += lockPoll {
		err := d.note(LockDir, ".")
		if err == nil {
			err = d.lock()
		}
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, errHeld):
			return d.fault("lock", ".", err)
		case waited >= wait:
			return ErrLocked
		}
		time.Sleep(lockPoll)
	}
}

// Names returns the names in the folder, in no order.
func (d *Dir) Names() ([]string, error) {
	if err := d.note(ListDir, "."); err != nil {
		return nil, err
	}
	f, err := d.root.Open(".")
	if err != nil {
		return nil, d.fault("list", ".", err)
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	return names, d.fault("list", ".", err)
}

// Sync returns once the names in the folder are on the disk.
func (d *Dir) Sync() error {
	if err := d.note(SyncDir, "."); err != nil {
		return err
	}
	return d.fault("sync", ".", syncNames(d.self))
}

func (d *Dir) note(k Kind, name string) error { return d.tap.note(Op{Kind: k, Path: d.Path(name)}) }

// fault is err with the whole path; nil stays nil.
func (d *Dir) fault(op, name string, err error) error {
	if err == nil {
		return nil
	}
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	} else if l, ok := errors.AsType[*os.LinkError](err); ok {
		err = l.Err
	}
	return &fs.PathError{Op: op, Path: d.Path(name), Err: err}
}

// makeDir makes the folder, and those above it that are missing, durably.
func makeDir(path string, tap Tap) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	parent := filepath.Dir(path)
	err := os.Mkdir(path, 0o700)
	if errors.Is(err, fs.ErrNotExist) && parent != path {
		if err := makeDir(parent, tap); err != nil {
			return err
		}
		err = os.Mkdir(path, 0o700)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return err
	}
	return syncParent(parent, tap)
}

func syncParent(parent string, tap Tap) error {
	if err := tap.note(Op{Kind: SyncDir, Path: parent}); err != nil {
		return err
	}
	f, err := os.Open(parent)
	if err != nil {
		return err
	}
	return errors.Join(syncNames(f), f.Close())
}
