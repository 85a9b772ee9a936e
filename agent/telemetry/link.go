package telemetry

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"

	"github.com/paird/paird/agent/telemetry/internal/hostmetrics"
)

// Link is the way to one broker. Serve runs one session; the sampler and Event fill the queue
// whether there is one or not.
type Link struct {
	o     Options
	at    address
	topic string
	queue Queue
	log   *slog.Logger
	proxy func(*http.Request) (*url.URL, error)

	host     *hostmetrics.Host
	probes   []*probe
	units    units
	interval atomic.Int64 // ns between samples
	repace   chan struct{}
	refusing atomic.Bool // the queue took no record last time

	progress  atomic.Uint64
	ready     readyConn // opened by Preconnect
	commander *commander
	acks      daily
	told      sync.Map // what is told once
	history   history  // of Serve alone, which runs once at a time
}

// New makes a Link; it fails with the problems that Check finds, or without a URL.
func New(o Options, q Queue) (*Link, error) {
	if err := errors.Join(Check(o)...); err != nil {
		return nil, err
	}
	if o.URL == "" {
		return nil, errors.New("mqtt.url is empty: set it to use telemetry")
	}
	o.defaults()
	l := &Link{o: o, queue: q, log: o.Log, proxy: environment, host: hostmetrics.Open("/"), repace: make(chan struct{}, 1)}
	l.units = units{known: map[string]string{}, fresh: make(chan struct{}, 1)}
	preset, _ := presetNamed(o.Preset)
	l.at, _ = parseAddress(o.URL, preset.port)
	l.topic, _ = expand(o.Topic, deviceOnly(o.DeviceID))
	l.commander = newCommander(o.Commands)
	if o.Emit == nil {
		l.o.Emit = l.Event
	}
	l.interval.Store(int64(o.Interval))
	l.addProbes()
	l.noteHost()
	return l, nil
}

// Progress counts the steps of the present session and those before: connection steps, packets
// received, writes done. A Serve that works does not stand still for longer than a minute.
func (l *Link) Progress() uint64 { return l.progress.Load() }

// Acked is how many records the broker has acknowledged today.
func (l *Link) Acked() int {
	now, _ := l.o.Now()
	return l.acks.today(now)
}
