package agent

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/internal/astest"
	"github.com/paird/paird/agent/internal/brokertest"
	"github.com/paird/paird/agent/internal/crashtest"
	"github.com/paird/paird/agent/internal/statedir"
	"github.com/paird/paird/agent/queue"
	"github.com/paird/paird/agent/store"
	"github.com/paird/paird/agent/telemetry"
	"github.com/paird/paird/display"
)

// life is from one start of the daemon to its end.
type life struct {
	*Agent
	dir    string
	store  *store.Store
	queue  *queue.Queue
	power  context.Context
	cutOff context.CancelFunc
	stop   func() // SIGTERM, and all is closed
}

func newYear(t *testing.T, seed int, base string) *year {
	random := rand.New(rand.NewPCG(365, uint64(seed)))
	policies := []astest.Policy{astest.Tolerant, astest.Strict, astest.UntilUsed, astest.KeepsOld, astest.Steady}
	y := &year{
		scene: newScene(), t: t, seed: seed, random: random, policy: policies[seed%len(policies)], broker: brokertest.New(),
		clock: &stepClock{}, sync: queue.Always, base: base, account: "alice", revoked: map[int]bool{}, accepted: map[string]bool{},
	}
	if seed%5 == 1 { // handshakes make a year half as long again
		y.ca = newYearCA(t, base)
	}
	y.site = astest.NewSite(astest.New(y.policy))
	y.site.Lifetime, y.site.IDTokens, y.site.Respends = tokenLife, true, true
	y.site.Treat, y.site.Decide = y.treat, y.decide
	y.script()
	return y
}

// decide is what the user does with a code.
func (y *year) decide(n int) astest.Decision {
	y.mu.Lock()
	defer y.mu.Unlock()
	return astest.Decision{After: time.Duration(20+n*7%60) * time.Second, Approve: true, Account: y.account}
}

// boot starts the daemon on the files of a folder.
func (y *year) boot(dir string) {
	l := &life{dir: dir}
	l.power, l.cutOff = context.WithCancel(context.Background())
	log := slog.New(slog.DiscardHandler)
	if *oneYear >= 0 && *years == 0 {
		log = slog.New(slog.NewTextHandler(storyWriter{&y.scene}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	var err error
	l.store, err = store.Open(store.Options{
		Dir: dir, Device: "dev", Tap: y.tap, Opened: func(db *bolt.DB) { crashtest.Hook(db, y.tap) }, Log: log,
	})
	if err != nil {
		y.fail("store: %v", err)
	}
	stamp := func() queue.Stamp {
		return queue.Stamp{Boot: filepath.Base(dir), Mono: time.Since(y.began), Wall: y.wall()}
	}
	if l.queue, err = queue.Open(queue.Options{Dir: dir, Sync: y.sync, Now: stamp, Tap: y.tap, Log: log}); err != nil {
		y.fail("queue: %v", err)
	}
	link, err := telemetry.New(telemetry.Options{
		URL: y.brokerURL(), CAFile: y.ca.path(), DeviceID: "dev", Dial: y.dial(l), Metrics: []string{"uptime"}, Interval: sampleRate, KeepAlive: 40 * time.Second,
		Username: "{device_id}", Password: "{access_token}", Now: func() (time.Time, bool) { return y.wall(), y.clock.Set() },
		Emit: func(event string, fields map[string]any) { l.Emit(event, fields) }, Log: log,
	}, l.queue)
	if err != nil {
		y.fail("link: %v", err)
	}
	client, err := y.client(l.power, y.site, y.clock, func(p deviceauth.Pending) { l.PendingChanged(p) }, log)
	if err != nil {
		y.fail("client: %v", err)
	}
	l.Agent = New(Options{
		DeviceID: "dev", DeviceName: "Lamp", Auth: client, Store: l.store, Queue: l.queue, Clock: y.clock, Link: link, Screen: loosePanel{y, l},
		BrokerURL: "mqtt://localhost", Bound: store.Binding{Issuer: astest.Issuer, ClientID: astest.ClientID},
		Spread: 5 * time.Second, Hook: y.event, Log: log,
		Rand: func(d time.Duration) time.Duration { return d / 2 },
	})
	y.run(l)
}

// run runs the parts of a life until its stop.
func (y *year) run(l *life) {
	ctx, cancel := context.WithCancel(context.Background())
	running := make(chan struct{})
	go func() { defer close(running); _ = l.Run(ctx) }()
	l.stop = func() {
		cancel()
		<-running
		_ = errors.Join(l.queue.Close(), l.store.Close()) // a disk that is full or without power
		l.cutOff()
	}
	y.mu.Lock()
	y.life = l
	y.mu.Unlock()
}

// wall is the time of the device's wall clock.
func (y *year) wall() time.Time {
	y.mu.Lock()
	defer y.mu.Unlock()
	return time.Now().Add(y.stepped)
}

// tap is the disk under store and queue.
func (y *year) tap(op statedir.Op) error {
	if op.Kind.Changes() && y.is("full") {
		return &os.PathError{Op: "write", Path: op.Path, Err: syscall.ENOSPC}
	}
	return y.disk.Tap(op)
}

// dial is a life's way to the broker.
func (y *year) dial(l *life) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		switch {
		case l.power.Err() != nil:
			return nil, syscall.ENETUNREACH
		case y.ca != nil:
			return y.dialSecure(ctx)
		}
		return y.broker.Dial(ctx, network, addr)
	}
}

// loosePanel is a panel that may come loose.
type loosePanel struct {
	y *year
	l *life
}

func (g loosePanel) Wake() {}

func (g loosePanel) Show(display.Screen) {
	if g.y.is("panel") {
		go g.l.PanelTrouble(syscall.EREMOTEIO)
		return
	}
	go g.l.PanelTrouble(nil)
}

func (y *year) is(fault string) bool {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.faults[fault]
}

func (y *year) now() *life {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.life
}
