package survival

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
)

// Online, with broker and control socket, the daemon listens on no network.
func TestListens(t *testing.T) {
	t.Parallel()
	e2e.NeedsRoot(t, "the daemon keeps its descriptors from other processes of its user")
	d := newDevice(newLab(t, time.Minute), "")
	d.pair()
	if open := listening(t, d); len(open) != 0 {
		t.Errorf("the daemon listens on %q", open)
	}
	d.Stop()
	d.Section("[display]\npanel = \"sim\"\n[sim]\nlisten = \"127.0.0.1:%d\"\n", e2e.FreePort(t))
	d.Start()
	if open := listening(t, d); len(open) != 1 || !strings.HasPrefix(open[0], "0100007F:") {
		t.Errorf("with the simulator, which is on loopback, the daemon listens on %q", open)
	}
}

// listening are the local addresses of the TCP sockets on which the daemon listens, as proc(5) writes them.
func listening(t *testing.T, d *device) []string {
	t.Helper()
	proc := fmt.Sprintf("/proc/%d", d.Process.Cmd.Process.Pid)
	own := map[string]bool{} // inodes of its sockets
	for _, fd := range e2e.Must(os.ReadDir(proc + "/fd"))(t) {
		link, err := os.Readlink(filepath.Join(proc, "fd", fd.Name()))
		if inode, ok := strings.CutPrefix(link, "socket:["); ok && err == nil {
			own[strings.TrimSuffix(inode, "]")] = true
		}
	}
	if len(own) == 0 {
		t.Fatal("the daemon has no sockets at all: this test sees nothing")
	}
	var open []string
	for _, table := range []string{"tcp", "tcp6"} {
		for line := range strings.Lines(string(e2e.Must(os.ReadFile(proc + "/net/" + table))(t))) {
			cells := strings.Fields(line)
			if len(cells) > 9 && cells[3] == "0A" && own[cells[9]] { // TCP_LISTEN
				open = append(open, cells[1])
			}
		}
	}
	return open
}
