package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// folder holds the programs of the test that runs; Main fills it.
var folder string

// Program is the path of a program that Main has built.
func Program(name string) string { return filepath.Join(folder, name) }

// Build is a program for Main: its name, and how it is built into a file.
type Build struct {
	Name string
	Into func(file string) error
}

// Ours builds a command of this module as `make build` does. root is the path to the module's root.
func Ours(root, name string) Build {
	return Build{name, func(file string) error {
		flags := fmt.Sprintf("-s -w -X main.version=e2e -X main.built=%d", time.Now().Add(-time.Hour).Unix())
		return Command(root, "go", "build", "-trimpath", "-buildvcs=false", "-tags", "nethttpomithttp2", "-ldflags", flags, "-o", file, "./cmd/"+name)
	}}
}

// Command runs a build command in dir.
func Command(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}

// Main builds the programs, or takes those in the folder $PAIRD_PROGRAMS, runs the tests, reports what was not run and
// removes what it has built. It returns the exit code for TestMain.
func Main(m *testing.M, programs ...Build) int {
	ci := os.Getenv("CI") == "true"
	if folder = os.Getenv("PAIRD_PROGRAMS"); folder != "" {
		return reportUnrun(m.Run(), ci)
	}
	dir, err := os.MkdirTemp("", "paird-e2e")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	folder = dir
	for _, p := range programs {
		if err := p.Into(Program(p.Name)); err != nil {
			fmt.Fprintf(os.Stderr, "building %s: %v\n", p.Name, err)
			return 1
		}
	}
	return reportUnrun(m.Run(), ci)
}
