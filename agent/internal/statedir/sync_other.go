//go:build !linux

package statedir

import "os"

// syncData flushes f wholly: os.File does what the system needs (F_FULLFSYNC on macOS).
func syncData(f *os.File) error { return f.Sync() }

// dropCached does nothing where there is no posix_fadvise.
func dropCached(*os.File) {}

// allocate only sets the size where there is no fallocate(2).
func allocate(f *os.File, size int64) error { return f.Truncate(size) }
