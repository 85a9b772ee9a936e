package statedir

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// An UnsafeError says that a folder or file is there that another account may have made, or may change. It is
// neither read nor written.
type UnsafeError struct {
	Path   string
	Reason string // what was seen, and what to do
}

func (e *UnsafeError) Error() string {
	return fmt.Sprintf("%s is not safe to use: %s", e.Path, e.Reason)
}

// Facts are what decides about a folder or file, as its descriptor has them.
type Facts struct {
	UID, GID uint32
	Links    uint64
	Mode     fs.FileMode
}

const othersWrite = 0o022 // group and other

// folderFault says why a process of user euid must not use the folder, "" if it may. byRoot: only root can
// have put it where it is.
func folderFault(f Facts, euid uint32, byRoot bool) string {
	switch {
	case f.UID != euid && f.UID != 0 && !(euid == 0 && byRoot):
		return fmt.Sprintf("it belongs to user %d, and paird runs as user %d: remove it, or run `chown` on it", f.UID, euid)
	case f.Mode.Perm()&othersWrite != 0:
		return fmt.Sprintf("mode %04o lets others write: run `chmod go-w` on it", f.Mode.Perm())
	}
	return ""
}

// fileFault says why a regular file must not be used, "" if it may.
func fileFault(f Facts, owners ...uint32) string {
	switch {
	case f.UID != 0 && !slices.Contains(owners, f.UID):
		return fmt.Sprintf("it belongs to user %d: remove it, or run `chown` on it", f.UID)
	case f.Mode.Perm()&othersWrite != 0:
		return fmt.Sprintf("mode %04o lets others write: run `chmod go-w` on it", f.Mode.Perm())
	case f.Links != 1:
		return fmt.Sprintf("it has %d names: remove the others, or put a copy in its place", f.Links)
	}
	return ""
}

// placedByRoot reports whether only root can make names where path is.
func placedByRoot(path string) bool {
	info, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return false
	}
	f := FactsOf(info)
	return f.UID == 0 && f.Mode.Perm()&othersWrite == 0
}

// resolve follows a symbolic link in place of the folder where root made it, or where the service
// manager names it in $STATE_DIRECTORY.
func resolve(path string) (string, error) {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != fs.ModeSymlink {
		return path, nil // what is missing is made, or the opening says so
	}
	named := slices.Contains(filepath.SplitList(os.Getenv("STATE_DIRECTORY")), path)
	if f := FactsOf(info); !named && (f.UID != 0 || f.Links != 1) {
		return "", &UnsafeError{path, fmt.Sprintf("it is a symbolic link of user %d: name the folder itself", f.UID)}
	}
	return filepath.EvalSymlinks(path)
}
