//go:build real

package budget

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
)

// timerSlack is that of the systemd unit.
const timerSlack = 20 * time.Millisecond

// settled is how long connections take to close and memory to be given back.
const settled = 30 * time.Second

// A minute of a device that has been paired, is online over TLS and idle: a sample each 30 s, and what the panel shows of
// it. After some minutes the garbage collector has 1 to 2 MB more of the program in memory again.
func TestIdle(t *testing.T) {
	unit := e2e.Must(os.ReadFile(root + "/scripts/paird.service"))(t)
	if !strings.Contains(string(unit), fmt.Sprintf("TimerSlackNSec=%s\n", timerSlack)) {
		t.Fatalf("the unit's TimerSlackNSec is not %v", timerSlack)
	}
	for panel, suffix := range map[string]string{"none": "", "png": "-panel"} {
		t.Run(panel, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			d, _ := l.device(panel, "button")
			d.Wrap = append([]string{"env"}, environment(string(unit))...)
			e2e.Slackly(t, timerSlack, d.Start)
			d.Do("pair")
			l.approve()
			d.Await("online", e2e.Online)
			floor := l.startFloor(d)
			time.Sleep(settled)
			before, floorBefore := e2e.CostOf(t, d.Process.Cmd.Process.Pid), e2e.CostOf(t, floor)
			time.Sleep(time.Minute)
			cost := e2e.CostOf(t, d.Process.Cmd.Process.Pid).Since(before)
			least := e2e.CostOf(t, floor).Since(floorBefore)
			budget(t, "resident"+suffix, float64(cost.Resident)/1024)
			budget(t, "anonymous"+suffix, float64(cost.Private)/1024)
			budget(t, "switches"+suffix, float64(cost.Switches))
			budget(t, "processor"+suffix, cost.Busy.Seconds()*1e3)
			budget(t, "processor-ratio"+suffix, cost.Busy.Seconds()/least.Busy.Seconds())
			if suffix == "" {
				budgetFloor(t, least)
			}
		})
	}
}

func budgetFloor(t *testing.T, least e2e.Cost) {
	t.Helper()
	budget(t, "floor-resident", float64(least.Resident)/1024)
	budget(t, "floor-anonymous", float64(least.Private)/1024)
	budget(t, "floor-switches", float64(least.Switches))
	budget(t, "floor-processor", least.Busy.Seconds()*1e3)
}

// environment is what the unit sets, as NAME=VALUE.
func environment(unit string) []string {
	_, line, _ := strings.Cut(unit, "\nEnvironment=")
	line, _, _ = strings.Cut(line, "\n")
	return strings.Fields(line)
}
