package telemetry

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paird/paird/agent/telemetry/internal/hostmetrics"
)

// Link is the way to one broker. Serve runs one session; the sampler and Event fill the queue
// whether there is one or not.
type Link struct {
	o       Options
	at      address
	topic   string
	queue   Queue
	log     *slog.Logger
	proxy   func(*http.Request) (*url.URL, error)
	created time.Time

	host            *hostmetrics.Host
	probes          []*probe
	units           units
	interval        atomic.Int64 // ns between samples
	intervalChanged chan struct{}
	sampleBegun     atomic.Int64 // ns from created, 0 between samples
	measuring       sync.Mutex   // the probes' metrics

	ready     readyConn // opened by Preconnect
	commander *commander
	diagnosis diagnosis // of Serve alone, which runs once at a time

	acks         dailyCount
	progress     atomic.Uint64
	oversized    atomic.Uint64
	oversizedRun atomic.Bool // the last message was too large
	unretained   atomic.Bool // the broker does not retain
	queueRefuses atomic.Bool // the queue took no record last time
	inboxFull    atomic.Bool // the inbox took no message last time
	reported     sync.Map    // what is reported once
}

// New makes a Link; it fails with the problems that Check finds, or without a URL.
func New(o Options, q Queue) (*Link, error) {
	if err := errors.Join(Check(o)...); err != nil {
		return nil, err
	}
	if o.URL == "" {
		return nil, errors.New("mqtt.url: is empty, set it to use telemetry")
	}
	o.defaults()
	l := &Link{
		o: o, queue: q, log: o.Log, proxy: environment, created: time.Now(),
		host: hostmetrics.Open("/"), intervalChanged: make(chan struct{}, 1), commander: newCommander(o.Commands),
		units: newUnits(),
	}
	preset, _ := presetNamed(o.Preset)
	l.at, _ = parseAddress(o.URL, preset.port)
	l.topic, _ = expand(o.Topic, deviceOnly(o.DeviceID))
	if o.Emit == nil {
		l.o.Emit = l.Event
	}
	l.interval.Store(int64(o.Interval))
	l.addProbes()
	l.noteHost()
	return l, nil
}

// Progress counts the steps of the present session and those before: connection steps, bytes received,
// packets written. A Serve that works does not stand still for longer than a minute.
func (l *Link) Progress() uint64 { return l.progress.Load() }

func (l *Link) step() { l.progress.Add(1) }

// Oversized is how many messages of the broker were too large to be taken since New.
func (l *Link) Oversized() uint64 { return l.oversized.Load() }

// Unretained reports whether this broker was found to refuse retained messages, so that status and will
// go without.
func (l *Link) Unretained() bool { return l.unretained.Load() }

// Acked is how many records the broker has acknowledged today.
func (l *Link) Acked() int {
	now, _ := l.o.Now()
	return l.acks.today(now)
}

// dailyCount counts since midnight, local time.
type dailyCount struct {
	mu        sync.Mutex
	year, day int
	n         int
}

func (d *dailyCount) add(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.begin(now)
	d.n++
}

func (d *dailyCount) today(now time.Time) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.begin(now)
	return d.n
}

// begin begins the day of now.
func (d *dailyCount) begin(now time.Time) {
	if year, day := now.Year(), now.YearDay(); year != d.year || day != d.day {
		d.year, d.day, d.n = year, day, 0
	}
}
