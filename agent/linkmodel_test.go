package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paird/paird/agent/telemetry"
	"github.com/paird/paird/display"
)

// linkModel is the broker.
type linkModel struct {
	lab      *lab
	static   bool                                                        // the login has no token in it
	accept   func(n int, c telemetry.Credentials) (time.Duration, error) // of the n-th session: how long it lasts; nil: until the test changes it
	sessions counter
	samplers atomic.Int32 // running
	sampled  counter      // begun
	serving  atomic.Int32

	preconnects counter

	mu     sync.Mutex
	events []string
}

func (m *linkModel) Serve(ctx context.Context, c telemetry.Credentials, online func()) error {
	if !c.Expiry.IsZero() && !m.static && !time.Now().Before(c.Expiry) {
		return telemetry.ErrTokenOver
	}
	last, err := m.answer(c)
	if err != nil && last == 0 {
		m.lab.note("refused %s", c.AccessToken)
		return err
	}
	m.serving.Add(1)
	defer m.serving.Add(-1)
	m.lab.note("serve %s", c.AccessToken)
	online()
	var over, expired <-chan time.Time
	if last > 0 {
		over = time.After(last)
	}
	if !c.Expiry.IsZero() && !m.static {
		expired = time.After(time.Until(c.Expiry))
	}
	select {
	case <-expired:
		m.lab.note("end %s: %v", c.AccessToken, telemetry.ErrTokenOver)
		return telemetry.ErrTokenOver
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

func (m *linkModel) Same(a, b telemetry.Credentials) bool {
	return m.static || a.AccessToken == b.AccessToken
}

func (m *linkModel) Preconnect(context.Context) { m.preconnects.next() }

// Progress counts the ping answers of each half minute; a Serve that is none of this model's makes none.
func (m *linkModel) Progress() uint64 {
	if m.serving.Load() == 0 {
		return uint64(m.sessions.n())
	}
	return uint64(m.sessions.n()) + uint64(time.Since(m.lab.began)/(30*time.Second))
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

func (m *linkModel) sent() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.events)
}

func (m *linkModel) Acked() int { return 7 }

func (m *linkModel) Oversized() uint64 { return 5 }

func (m *linkModel) Unretained() bool { return true }

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

// punctualLink ends with the token, by itself, as the real one does.
type punctualLink struct{ *linkModel }

func (m punctualLink) Serve(ctx context.Context, c telemetry.Credentials, online func()) error {
	online()
	time.Sleep(time.Until(c.Expiry))
	return telemetry.ErrTokenOver
}
