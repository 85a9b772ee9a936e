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
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/internal/boltfile"
	"github.com/paird/paird/agent/internal/crashtest"
	"github.com/paird/paird/agent/queue"
	"github.com/paird/paird/agent/store"
	"github.com/paird/paird/agent/telemetry"
	"github.com/paird/paird/display"
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
	disk     func(boltfile.Op) error
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
func (l *lab) tap(op boltfile.Op) error {
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
		Dir: l.dir, Device: "dev", Disk: boltfile.Disk{Tap: l.tap},
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
		code = s.Problem.Code
	}
	if s.State != state || code != problem {
		l.Errorf("after %v: state %s, problem %q (%v); want %s, %q", time.Since(l.began), s.State, code, s.Problems, state, problem)
	}
}

// events are the types that the hook was given.
func (l *lab) events() (types []string) {
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

// authModel is the authorization server and what deviceauth makes of it.
type authModel struct {
	lab      *lab
	lifetime time.Duration
	codeLife time.Duration
	subject  string
	noRenew  bool // no refresh tokens
	steady   bool // refresh tokens do not rotate

	begin    func(n int) error                  // n-th request for a code, from 1; nil: granted
	decide   func(n int) (time.Duration, error) // of the n-th code; nil: approved after 30 s
	refresh  func(n int) error                  // n-th refresh, from 1
	slow     time.Duration                      // what a refresh takes
	slowCode time.Duration                      // what a code takes
	audience func(n int) error
	revoke   error

	mu                                        sync.Mutex
	begun, codes, issued, refreshes, furthers counter
}

// change changes how the model answers from now on.
func (m *authModel) change(fn func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	fn()
}

// asked is the answer of one of the functions above, which are called one at a time.
func (m *authModel) asked(fn *func(int) error, n int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if *fn == nil {
		return nil
	}
	return (*fn)(n)
}

// A counter counts requests.
type counter struct{ atomic.Int64 }

func (c *counter) next() int { return int(c.Add(1)) }
func (c *counter) n() int    { return int(c.Load()) }

// issue makes the n-th tokens: A1 and R1, A2 and R2.
func (m *authModel) issue() deviceauth.Token {
	n := m.issued.next()
	t := deviceauth.Token{
		AccessToken: fmt.Sprint("A", n), TokenType: "Bearer", RefreshToken: fmt.Sprint("R", n), Subject: m.subject,
		Issuer: "https://as", ClientID: "lamp", TokenEndpoint: "https://as/token", Lifetime: m.lifetime,
	}
	if m.lifetime > 0 {
		t.Expiry = time.Now().Add(m.lifetime)
	}
	if m.noRenew {
		t.RefreshToken = ""
	}
	return t
}

func (m *authModel) Begin(ctx context.Context) (deviceauth.Pending, error) {
	n := m.begun.next()
	select {
	case <-ctx.Done():
		return deviceauth.Pending{}, ctx.Err()
	case <-time.After(m.slowCode):
	}
	if err := m.asked(&m.begin, n); err != nil {
		m.lab.note("no code")
		return deviceauth.Pending{}, err
	}
	c := m.codes.next()
	m.lab.note("code %d", c)
	return deviceauth.Pending{
		DeviceCode: fmt.Sprint("device", c), UserCode: fmt.Sprint("CODE-", c), VerificationURI: "https://as/d",
		Interval: 5 * time.Second, ExpiresIn: m.codeLife, Issued: time.Now(),
		Issuer: "https://as", ClientID: "lamp", TokenEndpoint: "https://as/token",
	}, nil
}

func (m *authModel) Wait(ctx context.Context, p deviceauth.Pending) (deviceauth.Token, error) {
	after, err := 30*time.Second, error(nil)
	if m.decide != nil {
		var n int
		fmt.Sscanf(p.DeviceCode, "device%d", &n)
		after, err = m.decide(n)
	}
	if left := time.Until(p.Deadline()); after > left {
		after, err = left, &deviceauth.Error{Kind: deviceauth.Expired, Op: "token", Detail: "nobody approved"}
	}
	select {
	case <-ctx.Done():
		return deviceauth.Token{}, ctx.Err()
	case <-time.After(after):
	}
	if err != nil {
		return deviceauth.Token{}, err
	}
	m.lab.note("approved")
	return m.issue(), nil
}

func (m *authModel) Refresh(ctx context.Context, t deviceauth.Token) (deviceauth.Token, error) {
	n := m.refreshes.next()
	m.lab.note("refresh %s", t.RefreshToken)
	if m.slow > 0 {
		select {
		case <-ctx.Done():
			return deviceauth.Token{}, &deviceauth.Error{Kind: deviceauth.Lost, Op: "refresh", Detail: "cut off"}
		case <-time.After(m.slow):
		}
	}
	if err := m.asked(&m.refresh, n); err != nil {
		return deviceauth.Token{}, err
	}
	fresh := m.issue()
	if m.steady {
		fresh.RefreshToken = t.RefreshToken
	}
	return fresh, nil
}

func (m *authModel) Audience(ctx context.Context, t deviceauth.Token, r deviceauth.AudienceRequest) (a, rotated deviceauth.Token, err error) {
	n := m.furthers.next()
	m.lab.note("audience %s for %s", t.RefreshToken, r.Resource)
	if err := m.asked(&m.audience, n); err != nil {
		return a, rotated, err
	}
	a, rotated = m.issue(), t
	if !m.steady {
		rotated.RefreshToken = a.RefreshToken
	}
	a.RefreshToken = ""
	return a, rotated, nil
}

func (m *authModel) Revoke(ctx context.Context, t deviceauth.Token) error {
	m.lab.note("revoke %s", t.RefreshToken)
	if m.revoke != nil {
		<-ctx.Done() // an unreachable server takes all the time it is given
	}
	return m.revoke
}

func fails(kind deviceauth.Kind) error {
	return &deviceauth.Error{Kind: kind, Op: "refresh", Detail: "the server says " + string(kind)}
}

// linkModel is the broker.
type linkModel struct {
	lab      *lab
	accept   func(n int, c telemetry.Credentials) (time.Duration, error) // of the n-th session: how long it lasts; nil: until told otherwise
	sessions counter
	samplers atomic.Int32 // running
	sampled  counter      // begun

	mu     sync.Mutex
	events []string
}

func (m *linkModel) Serve(ctx context.Context, c telemetry.Credentials, online func()) error {
	last, err := m.answer(c)
	if err != nil && last == 0 {
		m.lab.note("refused %s", c.AccessToken)
		return err
	}
	m.lab.note("serve %s", c.AccessToken)
	online()
	var over <-chan time.Time
	if last > 0 {
		over = time.After(last)
	}
	select {
	case <-ctx.Done():
		m.lab.note("end %s: %v", c.AccessToken, context.Cause(ctx))
		return context.Cause(ctx)
	case <-over:
		m.lab.note("lost %s", c.AccessToken)
		return err
	}
}

func (m *linkModel) answer(c telemetry.Credentials) (time.Duration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.sessions.next()
	if m.accept == nil {
		return -1, nil
	}
	return m.accept(n, c)
}

// change changes how the broker answers from now on.
func (m *linkModel) change(accept func(int, telemetry.Credentials) (time.Duration, error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.accept = accept
}

func (m *linkModel) RunSampler(ctx context.Context, online <-chan struct{}) {
	m.samplers.Add(1)
	m.sampled.next()
	defer m.samplers.Add(-1)
	<-ctx.Done()
}

func (m *linkModel) Event(kind string, fields map[string]any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events = append(m.events, kind)
	_ = m.lab.queue.Put("event", []byte(kind))
}

func (m *linkModel) told() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.events)
}

func (m *linkModel) Acked() int { return 7 }

// panelModel keeps what is shown.
type panelModel struct {
	mu    sync.Mutex
	last  display.Screen
	kinds []string // as they changed
	shows int
	wakes int
}

func (p *panelModel) Show(s display.Screen) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = s
	p.shows++
	if kind := fmt.Sprintf("%T", s); len(p.kinds) == 0 || p.kinds[len(p.kinds)-1] != kind {
		p.kinds = append(p.kinds, kind)
	}
}

func (p *panelModel) Wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wakes++
}

// changes are the kinds of screen that were shown, as they changed.
func (p *panelModel) changes() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.ReplaceAll(strings.Join(p.kinds, " "), "display.", "")
}

func (p *panelModel) now() (display.Screen, int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last, p.shows
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

// lateAuth answers with a token at the very end of the daemon, or a little later.
type lateAuth struct {
	*authModel
	late time.Duration
}

func (a lateAuth) Wait(ctx context.Context, p deviceauth.Pending) (deviceauth.Token, error) {
	<-ctx.Done()
	time.Sleep(a.late)
	return a.issue(), nil
}

// hangingLink never gets through.
type hangingLink struct{ *linkModel }

func (m hangingLink) Serve(ctx context.Context, c telemetry.Credentials, online func()) error {
	m.sessions.next()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(65 * time.Second):
		return &telemetry.Error{Kind: telemetry.Broker, Detail: "no answer"}
	}
}
