//go:build unix && !linux

package control

import (
	"os"

	"github.com/paird/paird/agent/internal/statedir"
)

// below is the path of name in dir: this system has no path to what is below a descriptor. Listen has refused
// folders that others may write to.
func below(dir *statedir.Dir, name string) string { return dir.Path(name) }

// openToAll lets every user connect to the socket under that name.
func openToAll(dir *statedir.Dir, name string) error { return os.Chmod(dir.Path(name), 0o666) }
