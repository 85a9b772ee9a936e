//go:build real

package brokers

import (
	"slices"
	"testing"
	"time"
)

const (
	quick = 60 * time.Second  // for all messages of a scenario to arrive
	slow  = 150 * time.Second // of one that lasts a minute by itself
)

// deliver sends all messages in order over a broker that works.
func deliver(t *testing.T, b *broker) {
	t.Helper()
	w := watch(t, b, "plain")
	d := newDevice(t, b, "plain", b.url)
	began := time.Now()
	d.run()
	d.feed(0)
	sum := w.collect(t, quick)
	d.emptied()
	d.smooth()
	if sum.duplicates != 0 {
		t.Errorf("%d duplicates without a fault", sum.duplicates)
	}
	t.Logf("%d messages in %v", total, time.Since(began).Round(time.Millisecond))
}

// rotate sends all messages over a span in which the token changes again and again.
func rotate(t *testing.T, b *broker, every, span time.Duration) {
	t.Helper()
	w := watch(t, b, "rotating")
	d := newDevice(t, b, "rotating", b.url)
	d.rotate = every
	d.run()
	d.feed(span)
	sum := w.collect(t, quick)
	d.emptied()
	d.smooth()
	if want := int(span/every) * 2 / 3; d.swaps < want {
		t.Errorf("%d swaps of the token, want at least %d", d.swaps, want)
	}
	if slices.Contains(sum.topics["paird/rotating/status"], "offline") {
		t.Error("a swap said offline")
	}
	t.Logf("%d swaps, %d duplicates", d.swaps, sum.duplicates)
}

// outage sends all messages over a span in which the broker is down for a while.
func outage(t *testing.T, b *broker, url string, down time.Duration, stop, start func()) {
	t.Helper()
	w := watch(t, b, "mended")
	d := newDevice(t, b, "mended", url)
	d.run()
	d.awaitOnline()
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		d.feed(down + 6*time.Second)
	}()
	<-time.After(3 * time.Second)
	stop()
	<-time.After(down)
	start()
	sum := w.collect(t, quick)
	<-fed
	d.emptied()
	d.troubled()
	t.Logf("%d sessions failed, %d duplicates", len(d.failed), sum.duplicates)
}
