//go:build real

package brokers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paird/paird/agent/queue"
	"github.com/paird/paird/agent/telemetry"
	"github.com/paird/paird/cmd/internal/e2e"
)

const (
	total = 10_000 // messages of each scenario
	size  = 200    // bytes of each
)

// device is the real session on the real queue, run as the daemon runs it.
type device struct {
	t      *testing.T
	id     string
	broker *broker
	link   *telemetry.Link
	queue  *queue.Queue
	rotate time.Duration // how long a token serves before there is another; 0: always

	finish  context.CancelCauseFunc
	runner  sync.WaitGroup
	online  chan struct{}         // a session came online
	granted telemetry.Credentials // belongs to the session

	mu     sync.Mutex
	swaps  int
	failed []*telemetry.Error
	spells []time.Duration // how long each failed session lasted
}

// newDevice makes a device whose id is of letters and digits; url is the broker's or a proxy's.
func newDevice(t *testing.T, b *broker, id, url string, change ...func(*telemetry.Options)) *device {
	t.Helper()
	d := &device{t: t, id: id, broker: b, online: make(chan struct{}, 1)}
	d.queue = e2e.Must(queue.Open(queue.Options{Dir: t.TempDir()}))(t)
	t.Cleanup(func() { d.queue.Close() })
	o := telemetry.Options{URL: url, DeviceID: id, Username: "{device_id}", Password: "{access_token}", Metrics: []string{"uptime"}, Version: "real-test"}
	for _, f := range change {
		f(&o)
	}
	d.link = e2e.Must(telemetry.New(o, d.queue))(t)
	return d
}

// run serves until stop, or the end of the test.
func (d *device) run() {
	ctx, finish := context.WithCancelCause(context.Background())
	d.finish = finish
	d.runner.Go(func() {
		for ctx.Err() == nil {
			d.session(ctx)
		}
	})
	d.t.Cleanup(d.stop)
}

// session serves with one token. Its successor is in hand before the session is ended.
func (d *device) session(ctx context.Context) {
	c := d.grant()
	began := time.Now()
	err := d.serve(ctx, c)
	e, ok := errors.AsType[*telemetry.Error](err)
	switch {
	case ctx.Err() != nil:
		return
	case errors.Is(err, telemetry.ErrSwap):
		d.mu.Lock()
		d.swaps++
		d.mu.Unlock()
		return
	case !ok:
		d.t.Errorf("Serve returns %v", err)
		e = &telemetry.Error{Detail: fmt.Sprint(err)}
	}
	d.mu.Lock()
	d.failed, d.spells = append(d.failed, e), append(d.spells, time.Since(began))
	d.mu.Unlock()
	select { // a back-off, as short as a test likes it
	case <-time.After(250 * time.Millisecond):
	case <-ctx.Done():
	}
}

// serve runs one session, which ends for another token a while after it came online.
func (d *device) serve(ctx context.Context, c telemetry.Credentials) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	return d.link.Serve(ctx, c, func() {
		if d.rotate > 0 {
			time.AfterFunc(d.rotate, func() { cancel(telemetry.ErrSwap) }) // of no effect once the session is over
		}
		select {
		case d.online <- struct{}{}:
		default:
		}
	})
}

// awaitOnline waits for the next session that comes online.
func (d *device) awaitOnline() {
	d.t.Helper()
	select {
	case <-d.online:
	case <-time.After(e2e.WaitLimit):
		d.t.Fatalf("no session came online within %v", e2e.WaitLimit)
	}
}

// grant is a token that the broker takes, a new one in each session if tokens rotate. It is good a little
// longer than it serves.
func (d *device) grant() telemetry.Credentials {
	if d.rotate == 0 && d.granted.AccessToken != "" {
		return d.granted
	}
	life := time.Hour
	if d.rotate > 0 {
		life = d.rotate + 10*time.Second
	}
	token := d.broker.issuer.token(d.t, d.id, life, d.broker.scopes(d.id)...)
	if err := d.broker.admit(d.id, token); err != nil {
		d.t.Error(err)
	}
	d.granted = telemetry.Credentials{AccessToken: token, Subject: d.id, Account: d.id, Expiry: time.Now().Add(life)}
	return d.granted
}

// stop lands what is in flight and ends the last session.
func (d *device) stop() {
	d.finish(telemetry.ErrSwap)
	d.runner.Wait()
}

// numbered is message n.
func numbered(n int) string {
	head := fmt.Sprintf("%05d ", n)
	return head + strings.Repeat(string(rune('a'+n%26)), size-len(head))
}

// feed puts all messages on the queue, evenly over a span.
func (d *device) feed(span time.Duration) {
	const step = 50
	pace := time.NewTicker(max(span/(total/step), time.Microsecond))
	defer pace.Stop()
	for n := range total {
		if n%step == 0 {
			<-pace.C
		}
		if err := d.queue.Put("n", []byte(numbered(n))); err != nil {
			d.t.Errorf("message %d: %v", n, err)
			return
		}
	}
}

// emptied checks that every record is acknowledged and none given up. It ends the device.
func (d *device) emptied() {
	d.t.Helper()
	d.stop()
	if s := d.queue.Stats(); s.Messages != 0 || s.Dropped != 0 {
		d.t.Errorf("the queue ends with %+v", s)
	}
}

// smooth checks that no session has failed.
func (d *device) smooth() {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.failed {
		d.t.Errorf("a session failed: %s: %v (%v)", e.Kind, e, e.Err)
	}
}

// troubled checks that sessions have failed, all for the network.
func (d *device) troubled() {
	d.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.failed) == 0 {
		d.t.Error("no session failed: the trouble did not come about")
	}
	for _, e := range d.failed {
		if e.Kind != telemetry.Broker {
			d.t.Errorf("a session failed: %s: %v", e.Kind, e)
		}
	}
}
