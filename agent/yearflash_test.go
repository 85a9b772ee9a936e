package agent

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/internal/crashtest"
	"github.com/paird/paird/agent/queue"
)

// What the whole device writes to flash in a day online, with tokens of an hour, and in an hour without its broker, with a
// message in ten seconds. The budgets are in scripts/budgets.txt.
func TestFlashOfADevice(t *testing.T) {
	base := crashtest.Dir(t)
	synctest.Test(t, func(t *testing.T) {
		y := newYear(t, 0, base)
		y.sync = queue.Group
		dir := y.newDir()
		y.disk = crashtest.NewDisk(dir, nil)
		y.boot(dir)
		y.pair("alice")
		y.settle()
		wrote := func(d time.Duration, each func()) float64 {
			before := y.disk.Written()
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(10 * time.Second) {
				each()
			}
			return float64(y.disk.Written()-before) / 1e3
		}
		publish := func() {
			if err := y.life.Publish(t.Context(), "n", make([]byte, 190)); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("budget: flash-online-day %.0f", wrote(day, publish))
		y.fault("broker", day)
		t.Logf("budget: flash-offline-hour %.0f", wrote(time.Hour, publish))
		y.life.stop()
		y.broker.Kick()
	})
}
