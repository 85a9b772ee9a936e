//go:build real

package real

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/paird/paird/cmd/internal/e2e"
)

// cost is what a process has used so far, and what it holds (proc(5)).
type cost struct {
	switches int           // voluntary, of all threads
	busy     time.Duration // of processor time
	resident int           // KiB
	private  int           // KiB, anonymous
}

// costOf reads what a process costs.
func costOf(t *testing.T, pid int) (c cost) {
	t.Helper()
	proc := fmt.Sprintf("/proc/%d/", pid)
	threads := e2e.Must(filepath.Glob(proc + "task/*"))(t)
	for _, thread := range threads {
		c.switches += procField(t, thread+"/status", "voluntary_ctxt_switches:")
		run := strings.Fields(string(e2e.Must(os.ReadFile(thread + "/schedstat"))(t)))
		c.busy += time.Duration(e2e.Must(strconv.Atoi(run[0]))(t))
	}
	c.resident, c.private = procField(t, proc+"smaps_rollup", "Rss:"), procField(t, proc+"smaps_rollup", "Anonymous:")
	return c
}

// procField is the number after name at the start of a line.
func procField(t *testing.T, path, name string) int {
	t.Helper()
	for line := range strings.Lines(string(e2e.Must(os.ReadFile(path))(t))) {
		if value, ok := strings.CutPrefix(line, name); ok {
			return e2e.Must(strconv.Atoi(strings.Fields(value)[0]))(t)
		}
	}
	t.Fatalf("%s: no %s", path, name)
	return 0
}

// timerSlack is that of the systemd unit.
const timerSlack = 20 * time.Millisecond

// startIdle starts the daemon with that slack, which a program inherits from the thread that starts it (prctl(2)).
func (d *device) startIdle(t *testing.T) {
	unit := e2e.Must(os.ReadFile(scripts + "/paird.service"))(t)
	if !strings.Contains(string(unit), fmt.Sprintf("TimerSlackNSec=%s\n", timerSlack)) {
		t.Fatalf("the unit's TimerSlackNSec is not %v", timerSlack)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(timerSlack), 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	defer unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0)
	d.Start()
}

// Paired, online over TLS and idle, the daemon costs little: a sample each 30 s, and what the panel shows of it. The
// bounds leave room for a machine that does other things beside; the figures are in the log. After some minutes the garbage
// collector has 1 to 2 MB more of the program in memory again.
func TestIdleCosts(t *testing.T) {
	for _, c := range []struct {
		panel string
		most  cost // in a minute
	}{
		{"none", cost{switches: 80, busy: 12 * time.Millisecond, resident: 12 << 10, private: 4608}},
		{"png", cost{switches: 120, busy: 20 * time.Millisecond, resident: 13 << 10, private: 4864}},
	} {
		t.Run(c.panel, func(t *testing.T) {
			t.Parallel()
			d := idle(t, c.panel)
			pid := d.Life.Cmd.Process.Pid
			time.Sleep(30 * time.Second) // connections close, and memory is given back
			before := costOf(t, pid)
			time.Sleep(time.Minute)
			now := costOf(t, pid)
			now.switches -= before.switches
			now.busy -= before.busy
			t.Logf("panel %s: %d voluntary context switches and %.1f ms of processor time a minute, %.1f MB resident, %.1f MB anonymous",
				c.panel, now.switches, now.busy.Seconds()*1e3, float64(now.resident)/1024, float64(now.private)/1024)
			if now.switches > c.most.switches || now.busy > c.most.busy || now.resident > c.most.resident || now.private > c.most.private {
				t.Errorf("%+v, more than %+v", now, c.most)
			}
		})
	}
}

// idle is a device that has been paired and is online over TLS, as it is configured by default.
func idle(t *testing.T, panel string) *device {
	t.Helper()
	p := startProvider(t, e2e.NewAuthority(t), "{}")
	b := startBroker(t, p)
	mqtt := fmt.Sprintf("[mqtt]\nurl = %q\nca_file = %q\n", b.url, p.ca.File)
	screen := fmt.Sprintf("[display]\npanel = %q\n", panel)
	if panel == "png" {
		screen += fmt.Sprintf("size = \"128x64\"\n[png]\nfile = %q\n", filepath.Join(t.TempDir(), "panel.png"))
	}
	d := &device{Device: configured(t, p, `client_id = "printer"`, mqtt, screen)}
	d.startIdle(t)
	d.Do("pair")
	s := d.Await("pairing", e2e.Pairing)
	newPhone(t, p.ca).approve(s.Pairing.VerificationURIComplete, "alice")
	d.Await("online", e2e.Online)
	return d
}
