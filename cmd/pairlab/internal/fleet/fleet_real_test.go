//go:build real

package fleet

import (
	"os"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == PartCommand { // a part of TestFleetOfProcesses
		_ = ServePart(Pipes{os.Stdin, os.Stdout})
		return
	}
	os.Exit(e2e.Main(m, e2e.Build{Name: "nats", Into: func(file string) error {
		return e2e.Command("../../../../scripts/real", "go", "build", "-o", file, "./nats")
	}}))
}

// A small fleet at a NATS cluster of three: a node is killed, all are ended, and nothing is lost.
func TestCluster(t *testing.T) {
	o := small("pairing", "node", "boot", "broker")
	o.NATS = e2e.Program("nats")
	r := run(t, o)
	if why := r.Failed(); why != "" {
		t.Error(why)
	}
}

// 200 devices in three processes besides that of the servers, behind TLS: all boot at once, the broker goes and comes, and the
// certificate authority changes.
func TestFleetOfProcesses(t *testing.T) {
	o := small("pairing", "boot", "broker", "ca")
	o.N, o.Processes, o.TLS, o.Interval, o.Spread = 200, 3, true, 2*time.Second, 5*time.Second
	r := run(t, o)
	if why := r.Failed(); why != "" || r.Processes != 3 || r.Messages < 200 {
		t.Errorf("%s; %d processes, %d messages", why, r.Processes, r.Messages)
	}
}
