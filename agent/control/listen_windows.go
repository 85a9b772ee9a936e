package control

import (
	"os"

	"github.com/paird/paird/agent/internal/statedir"
)

// below is the path of name in dir: this system has no path to what is below a descriptor.
func below(dir *statedir.Dir, name string) string { return dir.Path(name) }

// openToAll does nothing: those connect whom the access control list of the folder lets in, and below a user's profile
// that is the user.
func openToAll(*statedir.Dir, string) error { return nil }

// credentials is this user: Windows does not say who connected.
func credentials(uintptr) (Peer, error) { return Peer{UID: uint32(os.Geteuid())}, nil }
