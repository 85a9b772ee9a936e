package control

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/paird/paird/agent/internal/statedir"
)

// The mode is set on the socket, never on what a link in its place leads to.
func TestModeFollowsNoLink(t *testing.T) {
	path := t.TempDir()
	secret := filepath.Join(path, "secret")
	if err := errors.Join(os.WriteFile(secret, nil, 0o600), os.Symlink("secret", filepath.Join(path, "s"))); err != nil {
		t.Fatal(err)
	}
	dir, err := statedir.Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	for _, name := range []string{"s", "secret"} {
		if openToAll(dir, name) == nil {
			t.Errorf("%s is no socket and was taken", name)
		}
	}
	if info, err := os.Stat(secret); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v %v now", info.Mode(), err)
	}
}
