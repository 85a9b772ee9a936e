package boltfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/paird/paird/agent/internal/statedir"
)

// Kind and Op describe what reaches the disk.
type (
	Kind = statedir.Kind
	Op   = statedir.Op
)

// The operations that reach the disk.
const (
	Create   = statedir.Create
	Write    = statedir.Write
	Truncate = statedir.Truncate
	Sync     = statedir.Sync
	Rename   = statedir.Rename
	Remove   = statedir.Remove
	SyncDir  = statedir.SyncDir
)

// Disk does the operations. The zero Disk is the plain file system; a Tap hears of each operation
// before it is done and may refuse it by an error, which lets a test record, count and break.
type Disk struct {
	Tap func(Op) error
}

// Note tells the Tap of an operation that somebody else does.
func (d Disk) Note(op Op) error {
	if d.Tap == nil {
		return nil
	}
	return d.Tap(op)
}

// Create makes an empty file for the owner alone (0600) and opens it; an older one of that name goes.
func (d Disk) Create(path string) (*os.File, error) {
	if err := d.Remove(path); err != nil {
		return nil, err
	}
	if err := d.Note(Op{Kind: Create, Path: path}); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

// WriteAt writes b at off. It is on the disk after Sync.
func (d Disk) WriteAt(f *os.File, b []byte, off int64) error {
	if err := d.Note(Op{Kind: Write, Path: f.Name(), Off: off, Data: b}); err != nil {
		return err
	}
	_, err := f.WriteAt(b, off)
	return err
}

// Sync returns once the data of f, and its size, are on the disk. It leaves out the times, which
// saves the journal of the file system a write.
func (d Disk) Sync(f *os.File) error {
	if err := d.Note(Op{Kind: Sync, Path: f.Name()}); err != nil {
		return err
	}
	return syncData(f)
}

// Rename gives a file another name, in place of whatever had it. It is on the disk after SyncDir.
func (d Disk) Rename(from, to string) error {
	if err := d.Note(Op{Kind: Rename, Path: from, To: to}); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// Remove removes a file, or a directory with all that is in it; none is no error.
func (d Disk) Remove(path string) error {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := d.Note(Op{Kind: Remove, Path: path}); err != nil {
		return err
	}
	return os.RemoveAll(path)
}

// SyncDir returns once the names in dir are on the disk.
func (d Disk) SyncDir(dir string) error {
	if err := d.Note(Op{Kind: SyncDir, Path: dir}); err != nil {
		return err
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// WriteFile puts data under path, whole or not at all, for the owner alone (0600), durably.
func (d Disk) WriteFile(path string, data []byte) error {
	temp := path + ".new"
	f, err := d.Create(temp)
	if err != nil {
		return err
	}
	err = d.WriteAt(f, data, 0)
	if err == nil {
		err = d.Sync(f)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, d.Remove(temp))
	}
	if err := d.Rename(temp, path); err != nil {
		return err
	}
	return d.SyncDir(filepath.Dir(path))
}
