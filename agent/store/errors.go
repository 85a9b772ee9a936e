package store

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/paird/paird/agent/internal/statedir"
)

var (
	// ErrLocked: another process has the state directory, most likely the daemon.
	ErrLocked = statedir.ErrLocked
	// ErrNewerSchema: a newer paird wrote this store. It is left exactly as it is.
	ErrNewerSchema = errors.New("the store was written by a newer paird: install that version again, or reset the device with it")
)

// A StorageError is a failure of the disk. Trying again later is right: every operation begins by
// opening what is not open.
type StorageError struct {
	Op   string // what was being done: load, save, ...
	Path string
	Err  error
}

func (e *StorageError) Error() string {
	if _, ok := errors.AsType[*statedir.UnsafeError](e.Err); ok { // which names the path
		return fmt.Sprintf("storage: %s: %v", e.Op, e.Err)
	}
	return fmt.Sprintf("storage: %s: %s: %v%s", e.Op, e.Path, e.Err, e.advice())
}

func (e *StorageError) Unwrap() error { return e.Err }

// advice is what a person can do about it.
func (e *StorageError) advice() string {
	switch {
	case errors.Is(e.Err, syscall.ENOSPC), errors.Is(e.Err, syscall.EDQUOT):
		return "; free some space"
	case errors.Is(e.Err, syscall.EROFS):
		return "; make the file system writable"
	case errors.Is(e.Err, fs.ErrPermission):
		return "; give the directory to the user that paird runs as"
	case errors.Is(e.Err, syscall.EIO):
		return "; the disk or card is failing"
	}
	return ""
}

// storageError names the operation and the path once.
func storageError(op, path string, err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		path, err = p.Path, p.Err
	} else if u, ok := errors.AsType[*statedir.UnsafeError](err); ok {
		path = u.Path
	}
	return &StorageError{Op: op, Path: path, Err: err}
}

// A SealError says that what is stored cannot be opened with the key at hand. Nothing is lost by it:
// the key may come back. Pairing again calls PutAside first.
type SealError struct {
	Provider string // that sealed it: "credential" or "file"
	Reason   string // one line for people, with what to do
}

func (e *SealError) Error() string { return "the stored grant stays sealed: " + e.Reason }
