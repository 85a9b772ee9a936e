package seglog

import (
	"fmt"
	"syscall"
)

// A LowError says that the file system has less room than Options.KeepFree. It is an ENOSPC.
type LowError struct {
	Dir  string
	Keep int64 // bytes
}

func (e *LowError) Error() string {
	if e.Keep >= 1<<20 {
		return fmt.Sprintf("less than %d MiB free on %s", e.Keep>>20, e.Dir)
	}
	return fmt.Sprintf("less than %d bytes free on %s", e.Keep, e.Dir)
}
func (e *LowError) Unwrap() error { return syscall.ENOSPC }

// Low is a *LowError if n bytes more would leave the file system too little.
func (l *Log) Low(n int) error {
	dir := l.dir.Path("")
	if left, err := l.o.Free(dir); l.o.KeepFree > 0 && err == nil && left-int64(n) < l.o.KeepFree {
		return &LowError{Dir: dir, Keep: l.o.KeepFree}
	}
	return nil
}

// A StorageError says that the disk did not take or give what it should.
type StorageError struct {
	Path string
	Err  error
}

func (e *StorageError) Error() string { return fmt.Sprintf("queue: %s: %v", e.Path, e.Err) }
func (e *StorageError) Unwrap() error { return e.Err }
