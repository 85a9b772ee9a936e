//go:build real

package brokers

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/paird/paird/agent/telemetry"
	"github.com/paird/paird/cmd/internal/e2e"
)

// A new token while the broker's CONNACK is still on its way: the broker has the will already, and must not publish
// it. "Clients are allowed to send further Control Packets immediately after sending a CONNECT Packet" (MQTT 3.1.1
// section 3.1.4): DISCONNECT, too.
func TestSwapBeforeConnack(t *testing.T) {
	t.Parallel()
	m := startMosquitto(t)
	p := newProxy(t, m.port)
	accepted := make(chan struct{}, 1)
	p.befall(0, func(packet packets.ControlPacket) bool {
		if _, ok := packet.(*packets.ConnackPacket); !ok {
			return false
		}
		accepted <- struct{}{}
		return true
	})
	w := watch(t, m.broker, "hasty")
	d := newDevice(t, m.broker, "hasty", p.url)
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		select {
		case <-accepted:
			cancel(telemetry.ErrSwap)
		case <-time.After(e2e.WaitLimit):
			cancel(errors.New("there was no CONNACK"))
		}
	}()
	err := d.link.Serve(ctx, d.grant(), func() { t.Error("online without a CONNACK") })
	if !errors.Is(err, telemetry.ErrSwap) {
		t.Fatalf("Serve returns %v", err)
	}
	p.befall(0, nil)
	d.run()
	d.feed(0)
	sum := w.collect(t, quick)
	d.emptied()
	d.smooth()
	if said := sum.topics["paird/hasty/status"]; slices.Contains(said, "offline") {
		t.Errorf("status was %q: the swap published the will", said)
	}
}
