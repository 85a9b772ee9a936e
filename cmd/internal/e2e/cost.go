package e2e

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
)

// Cost is what a process has used so far, and what it holds (proc(5)).
type Cost struct {
	Switches int           // voluntary context switches, of all threads
	Busy     time.Duration // of processor time
	Resident int           // KiB
	Private  int           // KiB, anonymous
}

// CostOf reads what a process costs.
func CostOf(t testing.TB, pid int) (c Cost) {
	t.Helper()
	proc := fmt.Sprintf("/proc/%d/", pid)
	for _, thread := range Must(filepath.Glob(proc + "task/*"))(t) {
		c.Switches += procField(t, thread+"/status", "voluntary_ctxt_switches:")
		run := strings.Fields(string(Must(os.ReadFile(thread + "/schedstat"))(t)))
		c.Busy += time.Duration(Must(strconv.Atoi(run[0]))(t))
	}
	c.Resident, c.Private = procField(t, proc+"smaps_rollup", "Rss:"), procField(t, proc+"smaps_rollup", "Anonymous:")
	return c
}

// Since is what was used since before; memory is as it is now.
func (c Cost) Since(before Cost) Cost {
	c.Switches -= before.Switches
	c.Busy -= before.Busy
	return c
}

// procField is the number after name at the start of a line.
func procField(t testing.TB, path, name string) int {
	t.Helper()
	for line := range strings.Lines(string(Must(os.ReadFile(path))(t))) {
		if value, ok := strings.CutPrefix(line, name); ok {
			return Must(strconv.Atoi(strings.Fields(value)[0]))(t)
		}
	}
	t.Fatalf("%s: no %s", path, name)
	return 0
}

// Slackly runs start with that timer slack, which a program inherits from the thread that starts it (prctl(2)).
func Slackly(t testing.TB, slack time.Duration, start func()) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	defer unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0)
	start()
}
