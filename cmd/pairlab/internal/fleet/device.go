package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/paird/paird/agent"
	"github.com/paird/paird/agent/clock"
	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/queue"
	"github.com/paird/paird/agent/store"
	"github.com/paird/paird/agent/telemetry"
)

var scopes = []string{"openid", "offline_access", scope}

// numbered is the topic of messages that are looked for at the broker.
const numbered = "n"

// device is one of the fleet: a whole agent. Its store lives in memory, its queue in a folder.
type device struct {
	part  *part
	id    string
	dir   string
	store memory

	mu       sync.Mutex
	agent    *agent.Agent
	stop     func()
	booted   time.Time
	came     time.Time // online, first in this life
	last     time.Time // came online
	online   bool
	unpaired int
	accepted int // numbered messages
}

// newDevice is the n-th device of the fleet, switched off.
func newDevice(p *part, n int) *device {
	return &device{part: p, id: id(n), dir: filepath.Join(p.share.State, id(n))}
}

// boot opens the device and runs it.
func (d *device) boot(ctx context.Context) error {
	if err := d.open(); err != nil {
		return err
	}
	d.run(ctx)
	return nil
}

// open makes the agent and opens its queue.
func (d *device) open() error {
	s := &d.part.share
	q, err := queue.Open(queue.Options{Dir: d.dir, Sync: queue.Always})
	if err != nil {
		return err
	}
	link, err := telemetry.New(telemetry.Options{
		URL: s.Broker, Username: "{device_id}", Password: "{access_token}", Topic: root + "/{device_id}", DeviceID: d.id,
		Interval: s.Interval, Metrics: []string{"uptime"}, CAFile: s.CAFile, Dial: d.dial,
		Emit: func(event string, fields map[string]any) { d.now().Emit(event, fields) },
	}, q)
	if err != nil {
		return err
	}
	client, err := deviceauth.New(deviceauth.Config{
		Issuer: s.Issuer, ClientID: s.ClientID, Scopes: scopes, Params: map[string]string{"device_id": d.id, "device_name": d.id},
		HTTP: d, OnChange: func(p deviceauth.Pending) { d.now().PendingChanged(p) },
	})
	if err != nil {
		return err
	}
	a := agent.New(agent.Options{
		DeviceID: d.id, DeviceName: d.id, Auth: client, Store: &d.store, Queue: q, Link: link,
		Clock: clock.New(clock.Options{Floor: time.Now()}), BrokerURL: s.Broker, StartAuto: true, Spread: s.Spread,
		Bound: store.Binding{Issuer: s.Issuer, ClientID: s.ClientID}, Hook: d.event, Log: slog.New(slog.DiscardHandler),
	})
	d.mu.Lock()
	defer d.mu.Unlock()
	d.agent, d.stop = a, func() { _ = q.Close() }
	return nil
}

// run runs the agent.
func (d *device) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	d.mu.Lock()
	defer d.mu.Unlock()
	a, closeQueue := d.agent, d.stop
	d.booted, d.came = time.Now(), time.Time{}
	d.stop = func() { cancel(); <-done; closeQueue(); d.isOnline(false) }
	go func() { defer close(done); _ = a.Run(ctx) }()
}

func (d *device) now() *agent.Agent {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.agent
}

// dial counts connections.
func (d *device) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d.part.meter.add(Connects, 1)
	return d.part.nodes.dial(ctx, network, address)
}

// RoundTrip counts requests for tokens. All devices share one pool of connections.
func (d *device) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "token") {
		d.part.meter.add(TokenRequests, 1)
	}
	return d.part.transport.RoundTrip(r)
}

// event follows the agent.
func (d *device) event(b []byte) {
	var e struct {
		Type control.EventType
		URI  string `json:"verification_uri_complete"`
	}
	if json.Unmarshal(b, &e) != nil {
		return
	}
	switch e.Type {
	case control.EventOnline:
		d.isOnline(true)
	case control.EventOffline:
		d.isOnline(false)
	case control.EventUnpaired:
		d.mu.Lock()
		d.unpaired++
		d.mu.Unlock()
	case control.EventPairing:
		d.part.code(d.id, e.URI)
	}
}

func (d *device) isOnline(online bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if online == d.online {
		return
	}
	d.online = online
	d.part.meter.isOnline(online)
	if !online {
		return
	}
	d.last = time.Now()
	if d.came.IsZero() {
		d.came = d.last
	}
}

func (d *device) onlineAfter(moment time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.online && d.last.After(moment)
}

// state is what a person would look at first where a device is not online.
func (d *device) state() string {
	a := d.now()
	if a == nil {
		return d.id + ": switched off"
	}
	s := a.Status()
	text := []string{d.id + ": " + string(s.State)}
	if s.Broker != nil {
		text = append(text, fmt.Sprintf("broker %s %s", s.Broker.State, s.Broker.Error))
	}
	for _, p := range s.Problems {
		text = append(text, fmt.Sprintf("%s: %s", p.Code, p.Detail))
	}
	return strings.Join(text, "; ")
}

// publishEach publishes a numbered message each interval until ctx ends.
func (d *device) publishEach(ctx context.Context, first time.Duration) {
	for wait := first; ; wait = d.part.share.Interval {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
			d.publish(ctx)
		}
	}
}

// publish publishes the next numbered message.
func (d *device) publish(ctx context.Context) {
	d.mu.Lock()
	a, text := d.agent, strconv.Itoa(d.accepted+1)
	d.mu.Unlock()
	if a == nil || a.Publish(ctx, numbered, []byte(text)) != nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.accepted++
}

// id is the name of the n-th device.
func id(n int) string { return fmt.Sprintf("fleet-%05d", n) }
