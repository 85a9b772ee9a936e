package daemon

import "golang.org/x/sys/unix"

// KeepMemoryPrivate refuses the memory of this process, which holds tokens, to the other processes of its user,
// and to core files (prctl(2): PR_SET_DUMPABLE). Root may read it still.
func KeepMemoryPrivate() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }
