//go:build real

package survival

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
)

const (
	soakTokens  = 3 * time.Second // lifetime
	soakOutage  = 2 * time.Second
	soakSettle  = 5 * time.Second          // connections close
	soakStable  = time.Minute + soakSettle // online for a minute: the back-off begins again
	soakGrowth  = 3 << 10                  // KiB of anonymous memory in one life
	soakPerStop = 40                       // duplicates that an end of a session may cost: twice the window of telemetry
)

// soakTime is how long the soak lasts: $SOAK, or a minute.
func soakTime(t *testing.T) time.Duration {
	if s := os.Getenv("SOAK"); s != "" {
		return e2e.Must(time.ParseDuration(s))(t)
	}
	return time.Minute
}

// For a long time, with tokens of seconds, restarts of broker and server and kills: nothing that was accepted is lost, the
// device stays paired with its first code, and in a life neither descriptors nor memory grow.
func TestSoak(t *testing.T) {
	t.Parallel()
	e2e.NeedsRoot(t, "the daemon keeps its descriptors from other processes of its user")
	l := newLab(t, soakTokens)
	d := newDevice(l, "", "[queue]\nsync = \"always\"\n")
	d.pair()
	d.Process.Kill()
	p := &publisher{topic: "test/soak", pace: 20 * time.Millisecond}
	total := soakTime(t)
	life := max(20*time.Second, min(total/5, 3*time.Minute))
	interruptions := 0
	for end := time.Now().Add(total); time.Now().Before(end); {
		interruptions += d.soakOnce(life, p)
	}
	d.Start()
	d.Await("paired, and everything sent", func(s control.Status) bool { return e2e.Paired(s) && s.Queue.Messages == 0 })
	arrived := l.received(p.topic)
	if err := p.check(arrived); err != nil {
		t.Error(err)
	}
	again := len(arrived) - unique(arrived)
	t.Logf("%v, %d lives, %d interruptions: %d messages accepted, %d came twice, %d refreshes", total, d.Starts(), interruptions,
		len(p.accepted), again, l.count(provider.Refreshed))
	if again > interruptions*soakPerStop {
		t.Errorf("%d messages came twice in %d interruptions", again, interruptions)
	}
	if codes, reused := l.count(provider.CodeIssued), l.count(provider.Reused); codes != 1 || reused != 0 {
		t.Errorf("%d codes, %d retired refresh tokens", codes, reused)
	}
	d.Stop()
}

// soakOnce is one life that ends with a kill. It returns how often it was interrupted.
func (d *device) soakOnce(life time.Duration, p *publisher) (interruptions int) {
	d.T.Helper()
	end := time.Now().Add(life)
	d.Start()
	var underway atomic.Int32
	var busy sync.WaitGroup
	busy.Go(func() { p.work(d, &underway) })
	d.Await("online", e2e.Online)
	time.Sleep(soakSettle)
	first := d.holds()
	rest := soakSettle
	if life > 2*soakStable {
		rest = soakStable
	}
	for interruptions = 1; interruptions < 3 || time.Now().Before(end.Add(-rest-soakSettle-2*soakOutage)); interruptions += 2 {
		d.restartBroker()
		d.observer.setAway(true)
		time.Sleep(soakOutage)
		d.observer.setAway(false)
		d.Await("online again", e2e.Online)
		time.Sleep(rest)
	}
	d.compareHolds(first)
	d.Process.Kill()
	busy.Wait()
	return interruptions
}

// restartBroker ends the broker and starts it again at the same address.
func (d *device) restartBroker() {
	d.T.Helper()
	at := strings.TrimPrefix(d.broker.URL(), "mqtt://")
	d.broker.Close()
	time.Sleep(soakOutage)
	d.startBroker(at)
}

// holds are the descriptors and the anonymous memory of the daemon, in KiB.
type holds struct{ descriptors, private int }

func (d *device) holds() holds {
	pid := d.Process.Cmd.Process.Pid
	return holds{len(e2e.Must(os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid)))(d.T)), e2e.CostOf(d.T, pid).Private}
}

// compareHolds waits a little for what is under way, such as a refresh.
func (d *device) compareHolds(first holds) {
	d.T.Helper()
	e2e.Eventually(d.T, fmt.Sprintf("as many descriptors as at first: %+v", first), func() bool {
		return d.holds().descriptors <= first.descriptors
	})
	now := d.holds()
	d.T.Logf("life %d: %+v, at first %+v", d.Starts(), now, first)
	if now.private > first.private+soakGrowth {
		d.T.Errorf("%+v, at first %+v", now, first)
	}
}

func unique(all []string) int {
	set := map[string]bool{}
	for _, s := range all {
		set[s] = true
	}
	return len(set)
}
