package scripts

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Where no tree can be booted `make test-unit` says so and passes; with CI=true it fails.
func TestNoBootedTree(t *testing.T) {
	path := t.TempDir()
	if err := os.WriteFile(filepath.Join(path, "id"), []byte("#!/bin/sh\necho 1000\n"), 0o755); err != nil { // not root
		t.Fatal(err)
	}
	for ci, want := range map[string]int{"": 0, "true": 2} {
		cmd := exec.Command("make", "-s", "-C", "..", "test-unit")
		cmd.Env = append(os.Environ(), "PATH="+path+":"+os.Getenv("PATH"), "CI="+ci)
		out, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != want || !strings.Contains(string(out), "NOT RUN") {
			t.Errorf("CI=%q: exit %d, not %d: %s", ci, code, want, out)
		}
	}
}
