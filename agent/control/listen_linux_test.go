package control

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/paird/paird/agent/internal/statedir"
)

// The mode is set on the daemon's own socket, and on nothing that was put in its place: a file; a link, also to another
// socket of the daemon's user, such as an agent's with keys; a socket of another account.
func TestModeFollowsNoLink(t *testing.T) {
	path := t.TempDir()
	at := func(name string) string { return filepath.Join(path, name) }
	private(t, at("other"))
	if err := errors.Join(os.WriteFile(at("file"), nil, 0o600), os.Symlink("file", at("to a file")), os.Symlink("other", at("to a socket"))); err != nil {
		t.Fatal(err)
	}
	names := []string{"file", "to a file", "to a socket"}
	if os.Geteuid() == 0 { // only root can have such a socket made, and only root could change its mode
		private(t, at("another account's"))
		if err := os.Chown(at("another account's"), 1001, 1001); err != nil {
			t.Fatal(err)
		}
		names = append(names, "another account's")
	}
	dir, err := statedir.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	for _, name := range names {
		if openToAll(dir, name) == nil {
			t.Errorf("%s was taken", name)
		}
		if info, err := os.Stat(at(name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s is %v %v now", name, info.Mode(), err)
		}
	}
	if err := openToAll(dir, "other"); err != nil {
		t.Errorf("its own socket: %v", err)
	}
}

// private makes a socket that only its owner may connect to.
func private(t *testing.T, path string) {
	t.Helper()
	stale(t, path)
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
}
