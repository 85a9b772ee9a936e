package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
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
	o     *Options
	id    string
	dir   string
	url   string // of the broker
	meter *meter
	store memory

	mu       sync.Mutex
	agent    *agent.Agent
	stop     func()
	booted   time.Time
	came     time.Time // online, first in this life
	online   bool
	unpaired int
	accepted []string // numbered messages
}

// boot starts the agent.
func (d *device) boot(ctx context.Context) error {
	q, err := queue.Open(queue.Options{Dir: d.dir, Sync: queue.Always})
	if err != nil {
		return err
	}
	link, err := telemetry.New(telemetry.Options{
		URL: d.url, Username: "{device_id}", Password: "{access_token}", Topic: root + "/{device_id}", DeviceID: d.id,
		Interval: d.o.Interval, Metrics: []string{"uptime"}, CAFile: d.o.CAFile, Dial: d.dial,
		Emit: func(event string, fields map[string]any) { d.now().Emit(event, fields) },
	}, q)
	if err != nil {
		return err
	}
	client, err := deviceauth.New(deviceauth.Config{
		Issuer: d.o.Issuer, ClientID: d.o.ClientID, Scopes: scopes, Params: map[string]string{"device_id": d.id, "device_name": d.id},
		HTTP: d, OnChange: func(p deviceauth.Pending) { d.now().PendingChanged(p) },
	})
	if err != nil {
		return err
	}
	a := agent.New(agent.Options{
		DeviceID: d.id, DeviceName: d.id, Auth: client, Store: &d.store, Queue: q, Link: link,
		Clock: clock.New(clock.Options{Floor: time.Now()}), BrokerURL: d.url, StartAuto: true, Spread: d.o.Spread,
		Bound: store.Binding{Issuer: d.o.Issuer, ClientID: d.o.ClientID}, Hook: d.event, Log: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	d.mu.Lock()
	d.agent, d.booted, d.came = a, time.Now(), time.Time{}
	d.stop = func() { cancel(); <-done; _ = q.Close(); d.isOnline(false) }
	d.mu.Unlock()
	go func() { defer close(done); _ = a.Run(ctx) }()
	return nil
}

func (d *device) now() *agent.Agent {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.agent
}

// dial counts connections.
func (d *device) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d.meter.add(Connects, 1)
	return d.o.dial(ctx, network, address)
}

// RoundTrip counts requests for tokens. All devices share one pool of connections.
func (d *device) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "token") {
		d.meter.add(TokenRequests, 1)
	}
	return d.o.transport.RoundTrip(r)
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
		if d.o.Code != nil {
			d.o.Code(d.id, e.URI)
		}
	}
}

func (d *device) isOnline(online bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if online == d.online {
		return
	}
	d.online = online
	d.meter.isOnline(online)
	if online && d.came.IsZero() {
		d.came = time.Now()
	}
}

// publish publishes the next numbered message.
func (d *device) publish(ctx context.Context) {
	d.mu.Lock()
	a, text := d.agent, strconv.Itoa(len(d.accepted)+1)
	d.mu.Unlock()
	if a == nil || a.Publish(ctx, numbered, []byte(text)) != nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.accepted = append(d.accepted, text)
}

// id is the name of the n-th device.
func id(n int) string { return fmt.Sprintf("fleet-%05d", n) }
