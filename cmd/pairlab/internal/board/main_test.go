//go:build real

package board

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/paird/paird/cmd/internal/e2e"
)

const root = "../../../.."

func TestMain(m *testing.M) {
	os.Exit(e2e.Main(m, shipped("arm64"), shipped("armv6"), e2e.Build{Name: "guest", Into: forBoard("./cmd/pairlab/internal/board/guest")},
		e2e.Build{Name: "pairlab", Into: forBoard("./cmd/pairlab")}, e2e.Build{Name: "kernel", Into: kernel}))
}

// shipped builds paird as it is shipped.
func shipped(arch string) e2e.Build {
	return e2e.Build{Name: "paird-" + arch, Into: func(file string) error {
		built := "build/paird-" + arch
		if err := e2e.Command(root, "make", "-s", built); err != nil {
			return err
		}
		return e2e.Command(root, "cp", built, file)
	}}
}

// forBoard builds a program of ours for the board, as the README says.
func forBoard(program string) func(file string) error {
	return func(file string) error {
		return e2e.Command(root, "env", "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64", "go", "build", "-ldflags", "-s -w", "-o", file, program)
	}
}

// kernel is a link to the kernel in the cache, which is built where there is none.
func kernel(file string) error {
	cmd := exec.Command(root + "/scripts/board/kernel.sh")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return errors.Join(err, os.Symlink(strings.TrimSpace(string(out)), file))
}
