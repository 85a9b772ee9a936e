//go:build real

package real

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

const (
	root    = "../../.."
	scripts = root + "/scripts"
)

// programs builds paird and pairlab as `make build` does, once, and returns the folder they are in.
var programs = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "paird-real")
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "nethttpomithttp2",
		"-ldflags", fmt.Sprintf("-s -w -X main.version=real-test -X main.built=%d", time.Now().Unix()), "-o", dir+"/", "./cmd/paird", "./cmd/pairlab")
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	return dir, build.Run()
})

// program returns the path of a program of ours.
func program(t *testing.T, name string) string {
	t.Helper()
	return filepath.Join(must(programs())(t), name)
}
