package statedir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ErrNotOurs: under the name is no file that paird makes, but a folder, a link, a device, or far too much.
var ErrNotOurs = errors.New("not a file that paird made")

// Exists reports whether there is anything under the name.
func (d *Dir) Exists(name string) (bool, error) {
	_, err := d.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Lstat looks up what is under the name.
func (d *Dir) Lstat(name string) (fs.FileInfo, error) {
	if err := d.note(Lookup, name); err != nil {
		return nil, err
	}
	info, err := d.root.Lstat(name)
	return info, d.fault("stat", name, err)
}

// Open opens a regular file, os.O_RDONLY or os.O_RDWR. The errors are ErrNotOurs, *UnsafeError and those of
// the file system.
func (d *Dir) Open(name string, flag int) (*os.File, error) {
	named, err := d.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !named.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w: %v", d.Path(name), ErrNotOurs, named.Mode().Type())
	}
	if err := d.note(OpenFile, name); err != nil {
		return nil, err
	}
	f, err := d.root.OpenFile(name, flag, 0)
	if err != nil {
		return nil, d.fault("open", name, err)
	}
	if err := d.checkFile(f, name, named); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (d *Dir) checkFile(f *os.File, name string, named fs.FileInfo) error {
	info, err := f.Stat()
	if err != nil {
		return d.fault("stat", name, err)
	}
	if !os.SameFile(named, info) {
		return &UnsafeError{d.Path(name), "it was replaced while it was opened"}
	}
	if fault := fileFault(FactsOf(info), d.own.UID, uint32(os.Geteuid())); fault != "" {
		return &UnsafeError{d.Path(name), fault}
	}
	return nil
}

// ReadFile returns the whole file, of at most limit bytes. It is read and not mapped: a bad sector is then an
// error and no SIGBUS. After a flush that failed the page cache may hold what the disk does not, so it is
// dropped first.
func (d *Dir) ReadFile(name string, limit int64) ([]byte, error) {
	f, err := d.Open(name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	dropCached(f)
	if err := d.note(ReadFile, name); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, d.fault("read", name, err)
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%s: %w: more than %d bytes", d.Path(name), ErrNotOurs, limit)
	}
	return b, nil
}

// Create makes an empty file (0600) and opens it; an older one of that name is removed. It belongs
// to the folder's owner.
func (d *Dir) Create(name string) (*os.File, error) {
	if err := d.Remove(name); err != nil {
		return nil, err
	}
	if err := d.note(Create, name); err != nil {
		return nil, err
	}
	f, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, d.fault("create", name, err)
	}
	if err := d.give(f, name); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// give hands a file that root has made to the folder's owner.
func (d *Dir) give(f *os.File, name string) error {
	if os.Geteuid() != 0 || d.own.UID == 0 {
		return nil
	}
	if err := d.note(Chown, name); err != nil {
		return err
	}
	return d.fault("chown", name, f.Chown(int(d.own.UID), int(d.own.GID)))
}

// WriteAt writes b at off. It is on the disk after SyncFile.
func (d *Dir) WriteAt(f *os.File, b []byte, off int64) error {
	if err := d.tap.note(Op{Kind: Write, Path: f.Name(), Off: off, Data: b}); err != nil {
		return err
	}
	_, err := f.WriteAt(b, off)
	return err
}

// Truncate sets the size of f. It is on the disk after SyncFile.
func (d *Dir) Truncate(f *os.File, size int64) error {
	if err := d.tap.note(Op{Kind: Truncate, Path: f.Name(), Off: size}); err != nil {
		return err
	}
	return f.Truncate(size)
}

// SyncFile returns once the data of f, and its size, are on the disk. It leaves out the times, which saves
// the journal of the file system a write.
func (d *Dir) SyncFile(f *os.File) error {
	if err := d.tap.note(Op{Kind: Sync, Path: f.Name()}); err != nil {
		return err
	}
	if err := syncData(f); err != nil {
		return &fs.PathError{Op: "sync", Path: f.Name(), Err: err}
	}
	return nil
}

// Rename gives a file another name, in place of whatever had it. It is on the disk after Sync.
func (d *Dir) Rename(from, to string) error {
	if err := d.tap.note(Op{Kind: Rename, Path: d.Path(from), To: d.Path(to)}); err != nil {
		return err
	}
	return d.fault("rename", from, d.root.Rename(from, to))
}

// Remove removes a file, or a folder with all that is in it; none is no error. It is durable after Sync.
func (d *Dir) Remove(name string) error {
	if there, err := d.Exists(name); err != nil || !there {
		return err
	}
	if err := d.note(Remove, name); err != nil {
		return err
	}
	return d.fault("remove", name, d.root.RemoveAll(name))
}

// WriteFile puts data under the name, whole or not at all, durably.
func (d *Dir) WriteFile(name string, data []byte) error {
	temp := name + ".new"
	f, err := d.Create(temp)
	if err != nil {
		return err
	}
	err = d.WriteAt(f, data, 0)
	if err == nil {
		err = d.SyncFile(f)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, d.Remove(temp))
	}
	if err := d.Rename(temp, name); err != nil {
		return err
	}
	return d.Sync()
}
