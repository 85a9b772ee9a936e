//go:build real

package real

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

const (
	root    = "../../.."
	scripts = root + "/scripts"
)

// programs is the folder of paird and pairlab as `make build` builds them; TestMain fills it.
var programs string

func TestMain(m *testing.M) {
	code := 1
	dir, err := build()
	if programs = dir; err == nil {
		code = m.Run()
	} else {
		fmt.Fprintln(os.Stderr, "building paird and pairlab:", err)
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

func build() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "paird-real"); err != nil {
		return dir, err
	}
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-tags", "nethttpomithttp2",
		"-ldflags", fmt.Sprintf("-s -w -X main.version=real-test -X main.built=%d", time.Now().Unix()), "-o", dir+"/", "./cmd/paird", "./cmd/pairlab")
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	return dir, build.Run()
}

// program returns the path of a program of ours.
func program(name string) string { return filepath.Join(programs, name) }
