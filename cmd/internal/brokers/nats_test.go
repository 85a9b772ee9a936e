//go:build real

package brokers

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
)

// newNodes are one node, or a cluster. Each is a broker that knows the tokens of the same issuer.
func newNodes(t *testing.T, count int) (nodes []node, brokers []*broker) {
	t.Helper()
	i := newIssuer(t)
	seed := make([]byte, 32)
	rand.Read(seed)
	var routes []int
	for n := range count {
		port := e2e.FreePort(t)
		nodes = append(nodes, node{
			Name: fmt.Sprint("node", n), MQTT: port, Dir: t.TempDir(), Public: i.public(t), Seed: seed,
			Watcher: watcherPassword, AckWait: ackWait,
		})
		if count > 1 {
			nodes[n].Route = e2e.FreePort(t)
			routes = append(routes, nodes[n].Route)
		}
		brokers = append(brokers, newBroker(i, port, "-u", "watcher", "-P", watcherPassword))
		brokers[n].again = ackWait
	}
	for n := range nodes {
		nodes[n].Routes = routes
	}
	return nodes, brokers
}

func startNATS(t *testing.T) *broker {
	t.Helper()
	nodes, brokers := newNodes(t, 1)
	nodes[0].start(t)
	return brokers[0]
}

func TestNATS(t *testing.T) {
	t.Parallel()
	t.Run("plain", func(t *testing.T) {
		t.Parallel()
		deliver(t, startNATS(t))
	})
	t.Run("rotation", func(t *testing.T) {
		t.Parallel()
		rotate(t, startNATS(t), time.Second, 12*time.Second)
	})
	t.Run("hasty rotation", func(t *testing.T) {
		t.Parallel()
		rotate(t, startNATS(t), 200*time.Millisecond, 4*time.Second)
	})
	t.Run("bad token", func(t *testing.T) {
		t.Parallel()
		refuses(t, startNATS(t))
	})
	t.Run("refused subscription", func(t *testing.T) {
		t.Parallel()
		nodes, brokers := newNodes(t, 1)
		nodes[0].Deny = []string{"paird.*.cmd"}
		nodes[0].start(t)
		refusesCommands(t, brokers[0])
	})
	t.Run("forbidden topic", func(t *testing.T) {
		t.Parallel()
		forbids(t, startNATS(t), 0)
	})
	t.Run("killed and started again", func(t *testing.T) {
		t.Parallel()
		nodes, brokers := newNodes(t, 1)
		running := nodes[0].start(t)
		way := newProxy(t, brokers[0].port)
		outage(t, brokers[0], way.url, 5*time.Second, func() {
			running.Kill()
			way.refuse(true) // until the node can ask about tokens again
		}, func() {
			nodes[0].start(t)
			way.refuse(false)
		})
	})
}

// A cluster of three that keeps three copies; the node that the device is connected to is killed while it
// publishes.
func TestClusterNodeKilled(t *testing.T) {
	t.Parallel()
	nodes, brokers := newNodes(t, 3)
	var running []*e2e.Process
	for _, n := range nodes {
		running = append(running, n.start(t))
	}
	w := watch(t, brokers[1], "clustered")
	way := newProxy(t, brokers[0].port, brokers[1].port, brokers[2].port)
	d := newDevice(t, brokers[0], "clustered", way.url)
	d.run()
	d.awaitOnline()
	kill := time.AfterFunc(4*time.Second, running[0].Kill)
	defer kill.Stop()
	d.feed(12 * time.Second)
	sum := w.collect(t, quick)
	d.emptied()
	d.troubled()
	t.Logf("%d sessions failed, %d duplicates", len(d.failed), sum.duplicates)
}
