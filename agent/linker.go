package agent

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/store"
	"github.com/paird/paird/agent/telemetry"
)

// stable is how long a session must last for the back-off to begin anew.
const stable = 60 * time.Second

var errTokenOver = errors.New("the access token expired")

// linker owns the broker connection: it waits for a grant, serves, backs off.
type linker struct {
	o      Options
	status *status
	events *stream
	keeper *keeper
	pulse  pulse
	online chan struct{} // a session came online: the sampler begins

	failures int
	refused  uint64 // the generation the broker refused last
}

func newLinker(o Options, st *status, ev *stream, k *keeper) *linker {
	return &linker{o: o, status: st, events: ev, keeper: k, pulse: make(pulse), online: make(chan struct{}, 1)}
}

func (l *linker) run(ctx context.Context) {
	if l.o.Link == nil {
		l.pulse.wait(ctx, forever, nil, nil)
		return
	}
	l.pulse.wait(ctx, l.o.Rand(l.o.Spread), nil, nil)
	for ctx.Err() == nil {
		g, gen, changed := l.keeper.current()
		if gen == 0 || !usable(g, time.Now()) {
			l.broker("off", "", "")
			l.pulse.wait(ctx, forever, changed, nil)
			continue
		}
		l.link(ctx, g, gen, changed)
	}
}

// link serves g until it is replaced, gone or unusable, sampling all the while.
func (l *linker) link(ctx context.Context, g store.Grant, gen uint64, changed <-chan struct{}) {
	sampling, stop := context.WithCancel(ctx)
	var sampler sync.WaitGroup
	sampler.Go(func() { l.o.Link.RunSampler(sampling, l.online) })
	defer sampler.Wait()
	defer stop()
	owner := account(g)
	for ctx.Err() == nil && gen != 0 && usable(g, time.Now()) && account(g) == owner {
		if !l.bind(ctx, owner) {
			continue
		}
		began := time.Now()
		err := l.serve(ctx, g, changed)
		if wait := l.judge(ctx, gen, err, time.Since(began)); wait > 0 {
			l.pulse.wait(ctx, wait, changed, nil)
		}
		g, gen, changed = l.keeper.current()
	}
}

// bind makes the queue this account's own: what was queued under another is dropped and counted.
func (l *linker) bind(ctx context.Context, owner string) bool {
	n, err := l.o.Queue.Bind(owner)
	if err != nil {
		l.status.problem("queue", "storage", err)
		l.pulse.wait(ctx, 5*time.Second, nil, nil)
		return false
	}
	l.status.problem("queue", "storage", l.o.Queue.Storage())
	if n > 0 {
		l.o.Log.Warn("messages of another account were dropped", "messages", n)
	}
	return true
}

// serve runs one session. It ends by ErrSwap when another grant is published, and when the access token
// ends; a grant that is gone leaves it running until then.
func (l *linker) serve(ctx context.Context, g store.Grant, changed <-chan struct{}) error {
	l.broker("connecting", "", l.lastError())
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if !g.Expiry.IsZero() {
		t := time.AfterFunc(time.Until(g.Expiry), func() { cancel(errTokenOver) })
		defer t.Stop()
	}
	go l.swap(ctx, changed, cancel)
	var err error
	l.pulse.await(func() {
		err = l.o.Link.Serve(ctx, credentials(g), l.connected)
	})
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// swap ends the session when there is another grant to serve with.
func (l *linker) swap(ctx context.Context, changed <-chan struct{}, cancel context.CancelCauseFunc) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
		var gen uint64
		if _, gen, changed = l.keeper.current(); gen != 0 {
			cancel(telemetry.ErrSwap)
			return
		}
	}
}

func (l *linker) connected() {
	l.broker("online", "", "")
	select {
	case l.online <- struct{}{}:
	default:
	}
}

// judge says how long to wait after a session that ended with err, having lasted d.
func (l *linker) judge(ctx context.Context, gen uint64, err error, d time.Duration) time.Duration {
	if errors.Is(err, telemetry.ErrSwap) {
		return 0
	}
	if ctx.Err() != nil || errors.Is(err, errTokenOver) {
		l.broker("off", "", "")
		return 0
	}
	if d >= stable {
		l.failures, l.refused = 0, 0
	}
	e, ok := errors.AsType[*telemetry.Error](err)
	if !ok {
		e = &telemetry.Error{Kind: telemetry.Broker, Detail: "the connection ended", Err: err}
		if err != nil {
			e.Detail = err.Error()
		}
	}
	l.o.Log.Warn("broker session ended", "kind", string(e.Kind), "err", e.Detail)
	return patient(l.failed(ctx, gen, e), e.RetryAfter)
}

// failed reports e and chooses the wait: one forced refresh for a refused token, then slowly.
func (l *linker) failed(ctx context.Context, gen uint64, e *telemetry.Error) time.Duration {
	n := l.failures
	l.failures++
	switch e.Kind {
	case telemetry.BrokerAuth:
		if l.refused != gen && l.renew(ctx, gen) {
			_, l.refused, _ = l.keeper.current() // the fresh one gets no second refresh
			return 0
		}
		l.broker("refused", string(e.Kind), e.Detail)
		l.events.emit("broker_refused", map[string]any{"detail": e.Detail})
		return backoff(n, 30*time.Second, capRefuse, l.o.Rand)
	case telemetry.Misconfigured:
		l.broker("refused", string(e.Kind), e.Detail)
		return backoff(n, 30*time.Second, capRefuse, l.o.Rand)
	}
	l.broker("connecting", string(e.Kind), e.Detail)
	if n == 0 { // the first reconnect is spread, so that a broker's restart is no stampede
		return max(l.o.Rand(l.o.Spread), 100*time.Millisecond)
	}
	return backoff(n, time.Second, capIdle, l.o.Rand)
}

// renew asks the keeper for a token newer than gen.
func (l *linker) renew(ctx context.Context, gen uint64) bool {
	var err error
	l.pulse.await(func() { _, err = l.keeper.token(ctx, gen) })
	if err != nil && kindOf(err) != deviceauth.Gone {
		l.o.Log.Warn("the broker refused the token and it could not be renewed", "err", err)
	}
	return err == nil
}

func (l *linker) lastError() string {
	f, _ := l.status.now()
	return f.broker.Error
}

// broker reports the state of the link; code and detail are the problem, empty for none.
func (l *linker) broker(state, code, detail string) {
	l.status.update(func(f *facts) {
		f.broker.State, f.broker.Error = state, detail
	})
	if state == "connecting" && code == "" {
		return // a retry does not clear what went wrong before
	}
	l.status.problem("linker", code, textError(detail))
}
