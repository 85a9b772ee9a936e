//go:build real

package brokers

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// faulty sends all messages to mosquitto, over a span, through a proxy that prepare sets up and trouble works
// on once the session is up.
func faulty(t *testing.T, span time.Duration, prepare func(p *proxy), trouble func(d *device, p *proxy)) (*device, tally) {
	t.Helper()
	m := startMosquitto(t)
	p := newProxy(t, m.port)
	prepare(p)
	w := watch(t, m.broker, "faulty")
	d := newDevice(t, m.broker, "faulty", p.url)
	d.run()
	d.awaitOnline()
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		d.feed(span)
	}()
	trouble(d, p)
	sum := w.collect(t, slow)
	<-fed
	d.emptied()
	t.Logf("%d sessions failed %v, %d duplicates", len(d.failed), d.spells, sum.duplicates)
	return d, sum
}

func nothing(*proxy)              {}
func undisturbed(*device, *proxy) {}

func TestFaults(t *testing.T) {
	t.Parallel()
	t.Run("reset", func(t *testing.T) {
		t.Parallel()
		d, _ := faulty(t, 8*time.Second, nothing, func(d *device, p *proxy) {
			beat := time.NewTicker(2 * time.Second)
			defer beat.Stop()
			for range 3 {
				<-beat.C
				p.reset()
				d.awaitOnline()
			}
		})
		d.troubled()
		if len(d.failed) != 3 {
			t.Errorf("%d sessions failed of 3 resets", len(d.failed))
		}
	})
	// "black holes found within 60 s", with messages on the way
	t.Run("black hole", func(t *testing.T) {
		t.Parallel()
		var since time.Time
		d, _ := faulty(t, 10*time.Second, nothing, func(d *device, p *proxy) {
			<-time.After(2 * time.Second)
			since = time.Now()
			p.swallow()
		})
		d.troubled()
		found := slices.Max(d.spells) - 2*time.Second
		if len(d.failed) != 1 || found > time.Minute || time.Since(since) < 10*time.Second {
			t.Errorf("the black hole was found after %v, in %d sessions", found, len(d.failed))
		}
	})
	t.Run("dropped PUBACKs", func(t *testing.T) {
		t.Parallel()
		var packetsSeen atomic.Int32
		d, sum := faulty(t, 5*time.Second, func(p *proxy) {
			p.befall(0, func(packet packets.ControlPacket) bool {
				_, ack := packet.(*packets.PubackPacket)
				n := packetsSeen.Add(1)
				return ack && n > 500 && n <= 505 // once: the number goes on in the next session
			})
		}, undisturbed)
		d.troubled()
		if sum.duplicates < 5 {
			t.Errorf("%d duplicates of at least 5 messages that were not acknowledged", sum.duplicates)
		}
	})
	t.Run("delay", func(t *testing.T) {
		t.Parallel()
		d, sum := faulty(t, 0, func(p *proxy) { p.befall(15*time.Millisecond, nil) }, undisturbed)
		d.smooth()
		if sum.duplicates != 0 {
			t.Errorf("%d duplicates of messages that were only late", sum.duplicates)
		}
	})
}

// A black hole behind a session that has nothing to send.
func TestIdleBlackHole(t *testing.T) {
	t.Parallel()
	m := startMosquitto(t)
	p := newProxy(t, m.port)
	d := newDevice(t, m.broker, "idle", p.url)
	d.run()
	d.awaitOnline()
	p.swallow()
	select {
	case <-d.online: // again, through a new connection
	case <-time.After(75 * time.Second):
		t.Error("no new session")
	}
	d.emptied()
	d.troubled()
	if len(d.spells) > 0 && slices.Max(d.spells) > time.Minute {
		t.Errorf("found after %v", d.spells)
	}
	t.Logf("found after %v", d.spells)
}
