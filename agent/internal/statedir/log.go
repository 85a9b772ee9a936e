package statedir

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// ReadAt fills b from off. It returns io.EOF where the file ends before.
func (d *Dir) ReadAt(f *os.File, b []byte, off int64) error {
	if err := d.tap.note(Op{Kind: ReadFile, Path: f.Name(), Off: off, Data: b}); err != nil {
		return err
	}
	_, err := f.ReadAt(b, off)
	return err
}

// Allocate sets the size of f and takes the room for it, where the file system can: a later write does not
// find the disk full then. It is on the disk after SyncFile.
func (d *Dir) Allocate(f *os.File, size int64) error {
	if err := d.tap.note(Op{Kind: Truncate, Path: f.Name(), Off: size}); err != nil {
		return err
	}
	err := allocate(f, size)
	if errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.ENOSYS) {
		return f.Truncate(size)
	}
	if err != nil {
		return &fs.PathError{Op: "allocate", Path: f.Name(), Err: err}
	}
	return nil
}

// Wipe fills a regular file with zeros and removes it. What is no regular file stays, and one that has other
// names is removed only: they may be another program's. What flash keeps of the old is beyond us.
func (d *Dir) Wipe(name string) error {
	info, err := d.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return nil
	}
	if err != nil {
		return err
	}
	f, err := d.Open(name, os.O_RDWR)
	if _, unsafe := errors.AsType[*UnsafeError](err); unsafe {
		return d.Remove(name)
	}
	if err != nil {
		return errors.Join(err, d.Remove(name))
	}
	err = d.zero(f, info.Size())
	return errors.Join(err, f.Close(), d.Remove(name))
}

func (d *Dir) zero(f *os.File, size int64) error {
	zeros := make([]byte, 64<<10)
	for at := int64(0); at < size; at += int64(len(zeros)) {
		if err := d.WriteAt(f, zeros[:min(int64(len(zeros)), size-at)], at); err != nil {
			return err
		}
	}
	return d.SyncFile(f)
}
