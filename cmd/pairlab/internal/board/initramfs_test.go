//go:build real

package board

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/paird/paird/cmd/internal/e2e"
)

// initramfs is a cpio archive (Documentation/driver-api/early-userspace/buffer-format.rst) of programs, by their paths in
// the board. It is not compressed: unpacking is slow under emulation.
func initramfs(t testing.TB, programs map[string]string) string {
	t.Helper()
	a := &archive{}
	const device, directory, program = 0o020600, 0o040755, 0o100755
	a.add("dev", directory, 0, 0, nil)
	a.add("dev/console", device, 5, 1, nil)
	a.add("usr", directory, 0, 0, nil)
	a.add("usr/bin", directory, 0, 0, nil)
	for path, file := range programs {
		a.add(path, program, 0, 0, e2e.Must(os.ReadFile(file))(t))
	}
	a.add("TRAILER!!!", 0, 0, 0, nil)
	return e2e.Write(t, "initramfs", a.String())
}

type archive struct {
	bytes.Buffer
	files int
}

func (a *archive) add(name string, mode, major, minor int, content []byte) {
	a.files++
	fmt.Fprint(a, "070701")
	for _, v := range []int{a.files, mode, 0, 0, 1, 0, len(content), 0, 0, major, minor, len(name) + 1, 0} {
		fmt.Fprintf(a, "%08x", v)
	}
	fmt.Fprintf(a, "%s\x00", name)
	a.pad()
	a.Write(content)
	a.pad()
}

// pad goes on to a multiple of four.
func (a *archive) pad() {
	for a.Len()%4 != 0 {
		a.WriteByte(0)
	}
}
