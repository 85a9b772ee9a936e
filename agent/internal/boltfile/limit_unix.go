//go:build unix && !race

package boltfile

import "golang.org/x/sys/unix"

// limitMemory bounds the memory of this process, in bytes.
func limitMemory(n uint64) { _ = unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: n, Max: n}) }
