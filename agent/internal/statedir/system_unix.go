//go:build unix

package statedir

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// FactsOf returns the facts of what was looked up.
func FactsOf(info fs.FileInfo) Facts {
	f := Facts{Mode: info.Mode()}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		f.UID, f.GID, f.Links = st.Uid, st.Gid, uint64(st.Nlink)
	}
	return f
}

const errHeld = unix.EWOULDBLOCK // of lock

func (d *Dir) lock() error { return unix.Flock(int(d.self.Fd()), unix.LOCK_EX|unix.LOCK_NB) }

// syncNames flushes a folder.
func syncNames(dir *os.File) error { return dir.Sync() }
