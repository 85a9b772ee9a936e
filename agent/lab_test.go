package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/clock"
	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/internal/crashtest"
	"github.com/paird/paird/agent/internal/statedir"
	"github.com/paird/paird/agent/queue"
	"github.com/paird/paird/agent/store"
	bolt "go.etcd.io/bbolt"
)

// A lab is an Agent in a synctest bubble with the real store, queue and clock; the servers, the panel and
// the button are models.
type lab struct {
	*testing.T
	*Agent
	o      Options
	dir    string
	auth   *authModel
	link   *linkModel
	store  *store.Store
	queue  *queue.Queue
	button chan Edge
	panel  *panelModel

	began    time.Time
	synced   atomic.Bool // what the kernel says of the clock
	floor    time.Time   // later than now: the clock is not set
	broken   atomic.Bool // the disk takes nothing
	disk     func(statedir.Op) error
	stop     func() // ends Run and waits for it
	mu       sync.Mutex
	hooked   []string
	timeline []string
}

// bubble runs body in a lab that setup has changed, and stops the agent then.
func bubble(t *testing.T, setup func(*lab), body func(*lab)) {
	t.Helper()
	dir := crashtest.Dir(t)
	synctest.Test(t, func(t *testing.T) {
		l := &lab{T: t, dir: dir, button: make(chan Edge), panel: &panelModel{}, began: time.Now()}
		l.auth = &authModel{lab: l, lifetime: time.Hour, codeLife: 10 * time.Minute, subject: "alice"}
		l.link = &linkModel{lab: l}
		l.floor = l.began.Add(-time.Hour)
		l.o = Options{
			DeviceID: "dev", DeviceName: "Lamp", Auth: l.auth, Link: l.link, Screen: l.panel, Edges: l.button,
			Bound:    store.Binding{Issuer: "https://as", ClientID: "lamp"},
			PairHold: 3 * time.Second, ResetHold: 10 * time.Second, BrokerURL: "mqtts://b",
			Hook: func(b []byte) { l.mu.Lock(); defer l.mu.Unlock(); l.hooked = append(l.hooked, string(b)) },
			Rand: func(d time.Duration) time.Duration { return d / 2 },
			Log:  slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelDebug})),
		}
		if setup != nil {
			setup(l)
		}
		l.boot()
		body(l)
		l.shutdown()
	})
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(b []byte) (int, error) {
	if testing.Verbose() {
		w.t.Log(strings.TrimSpace(string(b)))
	}
	return len(b), nil
}

// tap is the disk under store and queue.
func (l *lab) tap(op statedir.Op) error {
	if !op.Kind.Changes() {
		return nil
	}
	if l.broken.Load() {
		return &os.PathError{Op: "write", Path: op.Path, Err: syscall.EROFS}
	}
	if l.disk != nil {
		return l.disk(op)
	}
	return nil
}

// boot opens store and queue and starts an agent, as a start of the daemon does.
func (l *lab) boot() {
	l.Helper()
	var err error
	l.store, err = store.Open(store.Options{
		Dir: l.dir, Device: "dev", Tap: l.tap,
		Opened: func(db *bolt.DB) { crashtest.Hook(db, l.tap) },
	})
	if err != nil {
		l.Fatal(err)
	}
	if l.queue, err = queue.Open(queue.Options{Dir: l.dir}); err != nil {
		l.Fatal(err)
	}
	o := l.o
	o.Store = l.store
	if c, ok := l.o.Store.(*countingStore); ok {
		c.Store, o.Store = l.store, c
	}
	o.Queue = l.queue
	o.Clock = clock.New(clock.Options{
		Floor:    l.floor,
		Adjtimex: func() (bool, error) { return l.synced.Load(), nil },
		BootTime: func() time.Duration { return time.Since(l.began) },
		BootID:   func() string { return "boot" },
	})
	l.Agent = New(o)
	ctx, cancel := context.WithCancel(l.Context())
	done := make(chan error, 1)
	go func() { done <- l.Agent.Run(ctx) }()
	l.stop = sync.OnceFunc(func() {
		l.Helper()
		cancel()
		if err := <-done; err != nil {
			l.Errorf("Run: %v", err)
		}
	})
	synctest.Wait()
}

// shutdown stops the agent and closes its files.
func (l *lab) shutdown() {
	l.Helper()
	l.stop()
	if err := errors.Join(l.queue.Close(), l.store.Close()); err != nil && !l.broken.Load() {
		l.Error(err)
	}
}

func (l *lab) reboot() {
	l.Helper()
	l.shutdown()
	l.boot()
}

// pass lets time go by.
func (l *lab) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// press holds the button down for d.
func (l *lab) press(d time.Duration) {
	l.button <- Edge{Down: true, At: time.Now()}
	l.pass(d)
	l.button <- Edge{At: time.Now()}
	synctest.Wait()
}

const click = 100 * time.Millisecond

// note writes into the timeline what a model saw.
func (l *lab) note(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timeline = append(l.timeline, fmt.Sprintf("%v ", time.Since(l.began).Round(100*time.Millisecond))+fmt.Sprintf(format, args...))
}

// saw compares the timeline since the last call. What happens at the same time has no order.
func (l *lab) saw(want ...string) {
	l.Helper()
	if got := l.drain(); !slices.Equal(together(got), together(want)) {
		l.Errorf("timeline\n got %s\nwant %s", strings.Join(got, " | "), strings.Join(want, " | "))
	}
}

// together sorts the lines of each moment.
func together(lines []string) []string {
	lines = slices.Clone(lines)
	moment := func(s string) string { at, _, _ := strings.Cut(s, " "); return at }
	for i := 0; i < len(lines); {
		j := i + 1
		for j < len(lines) && moment(lines[j]) == moment(lines[i]) {
			j++
		}
		slices.Sort(lines[i:j])
		i = j
	}
	return lines
}

func (l *lab) drain() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	got := l.timeline
	l.timeline = nil
	return got
}

// is checks state and first problem.
func (l *lab) is(state control.State, problem string) {
	l.Helper()
	s := l.Status()
	code := ""
	if s.Problem != nil {
		code = string(s.Problem.Code)
	}
	if s.State != state || code != problem {
		l.Errorf("after %v: state %s, problem %q (%v); want %s, %q", time.Since(l.began), s.State, code, s.Problems, state, problem)
	}
}

// events are the types that the hook was given, but for problems: they come from the view, whose order
// among the others is chance.
func (l *lab) events() []string {
	return slices.DeleteFunc(l.allEvents(), func(kind string) bool { return strings.HasPrefix(kind, "problem") })
}

func (l *lab) allEvents() (types []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.hooked {
		_, rest, _ := strings.Cut(e, `"type":"`)
		kind, _, _ := strings.Cut(rest, `"`)
		types = append(types, kind)
	}
	return types
}

// put queues a message.
func (l *lab) put(n int) {
	l.Helper()
	for range n {
		if err := l.Publish(l.Context(), "a", []byte("x")); err != nil {
			l.Fatal(err)
		}
	}
}

// paired makes the lab begin with a grant that came age ago.
func paired(age time.Duration, change func(*store.Grant)) func(*lab) {
	return func(l *lab) {
		s, err := store.Open(store.Options{Dir: l.dir, Device: "dev"})
		if err != nil {
			l.Fatal(err)
		}
		g := grantOf(l.auth.issue(), time.Now().Add(-age))
		g.Pairing = "before"
		if g.Lifetime > 0 {
			g.Expiry = g.Refreshed.Add(g.Lifetime)
		}
		if change != nil {
			change(&g)
		}
		if _, err := s.Save(g); err != nil {
			l.Fatal(err)
		}
		if err := s.Close(); err != nil {
			l.Fatal(err)
		}
	}
}

// setups runs several.
func setups(all ...func(*lab)) func(*lab) {
	return func(l *lab) {
		for _, fn := range all {
			fn(l)
		}
	}
}

// code is the error code of the control API.
func code(err error) control.Code {
	if e, ok := errors.AsType[*control.Error](err); ok {
		return e.Code
	}
	return ""
}

// files are the names in the state directory.
func (l *lab) files() (names []string) {
	paths, err := filepath.Glob(filepath.Join(l.dir, "*"))
	if err != nil {
		l.Fatal(err)
	}
	for _, p := range paths {
		names = append(names, filepath.Base(p))
	}
	return names
}
