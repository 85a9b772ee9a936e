package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// unrun are the tests of this program that were not run; Main reports them.
var unrun struct {
	sync.Mutex
	tests []string
}

// NeedsRoot leaves out a test that only root can run. It is reported as not run, never as passed: Main lists it,
// and fails where the environment says CI=true.
func NeedsRoot(t testing.TB, why string) {
	t.Helper()
	if os.Geteuid() == 0 {
		return
	}
	unrun.Lock()
	unrun.tests = append(unrun.tests, t.Name()+" ("+why+")")
	unrun.Unlock()
	t.Skipf("NOT RUN, it needs root: %s", why)
}

// reportUnrun lists what was not run and returns the exit code of the whole.
func reportUnrun(code int, ci bool) int {
	unrun.Lock()
	defer unrun.Unlock()
	if len(unrun.tests) == 0 {
		return code
	}
	fmt.Fprintf(os.Stderr, "NOT RUN, they need root: %s\n", strings.Join(unrun.tests, ", "))
	if ci && code == 0 {
		return 1
	}
	return code
}

// As is the command line that runs a program as another user of this machine, with that one group. It takes root.
func As(user, group, program string, args ...string) *exec.Cmd {
	become := []string{"--reuid=" + user, "--regid=" + group, "--clear-groups", "--", program}
	return exec.Command("setpriv", append(become, args...)...)
}
