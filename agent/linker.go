package agent

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/store"
	"github.com/paird/paird/agent/telemetry"
)

// stable is how long a session must last for the back-off to begin again.
const stable = 60 * time.Second

// stallLimit is how long a session may make no progress, not even a ping answer, before it counts as hung: three
// times the longest keep-alive and what leaving may take.
const stallLimit = 150 * time.Second

// linker owns the broker connection: it waits for a grant, serves, backs off.
type linker struct {
	o      Options
	status *status
	events *stream
	keeper *keeper
	pulse  pulse

	online    chan struct{} // a session came online: the sampler begins
	since     time.Time     // when it came online; a token swap does not change it; zero: it is not online
	failures  int
	renewed   bool   // a refused token was renewed, and no session came online since
	refusing  bool   // this run of refusals was reported
	served    string // the account of the last session that came online
	announced string // the pairing that was reported to the broker
}

func newLinker(o Options, st *status, ev *stream, k *keeper) *linker {
	return &linker{o: o, status: st, events: ev, keeper: k, pulse: make(pulse)}
}

func (l *linker) run(ctx context.Context) {
	if l.o.Link == nil {
		l.pulse.wait(ctx, noLimit, nil, nil)
		return
	}
	l.pulse.wait(ctx, noLimit, l.keeper.ready, nil)
	if g, gen, _ := l.keeper.current(); gen != 0 {
		l.begin(ctx, g, gen)
	}
	for ctx.Err() == nil {
		g, gen, changed := l.keeper.current()
		if gen != 0 {
			l.link(ctx, g, gen, changed)
			continue
		}
		l.broker(control.BrokerOff, "", "")
		l.pulse.wait(ctx, noLimit, changed, nil)
	}
}

// begin waits before the first session, because the boards of a fleet must not all connect at once after a power failure.
// The wait is that of the keeper's first refresh. Where a refresh is due by then its token is awaited, so that a device
// connects once, and not with the old token and then with the new one.
func (l *linker) begin(ctx context.Context, g store.Grant, gen uint64) {
	l.rest(ctx, l.keeper.spread, g.Pairing, gen)
	if l.usesToken(g) {
		l.pulse.await(func() { l.keeper.refreshed(ctx) }, watched)
	}
}

// rest waits for d. It ends early when the grant is gone or is of another pairing and, where the broker refused the
// token, when there is a newer one.
func (l *linker) rest(ctx context.Context, d time.Duration, pairing string, gen uint64) {
	until := time.Now().Add(d)
	for ctx.Err() == nil && time.Now().Before(until) {
		g, now, changed := l.keeper.current()
		if now == 0 || g.Pairing != pairing || l.refusing && now != gen {
			return
		}
		l.pulse.wait(ctx, time.Until(until), changed, nil)
	}
}

// link serves one account until the grant is another account's or gone. All that time it samples.
func (l *linker) link(ctx context.Context, g store.Grant, gen uint64, changed <-chan struct{}) {
	l.online = make(chan struct{}, 1)
	sampling, stop := context.WithCancel(ctx)
	var sampler sync.WaitGroup
	sampler.Go(func() { l.o.Link.RunSampler(sampling, l.online) })
	defer sampler.Wait()
	defer stop()
	owner := account(g)
	for ctx.Err() == nil && gen != 0 && account(g) == owner {
		if l.bind(ctx, g) {
			err := l.serve(ctx, g, changed)
			l.rest(ctx, l.afterSession(ctx, g, gen, err), g.Pairing, gen)
			if errors.Is(err, telemetry.ErrTokenOver) { // the keeper refreshes it
				l.pulse.wait(ctx, noLimit, changed, nil)
			}
		}
		g, gen, changed = l.keeper.current()
	}
}

// bind makes queue and inbox this account's own: what was queued under another is dropped and counted. Only
// then the event of the pairing goes into it.
func (l *linker) bind(ctx context.Context, g store.Grant) bool {
	n, err := l.o.Queue.Bind(account(g))
	if err == nil && l.o.Inbox != nil {
		err = l.o.Inbox.Bind(account(g))
	}
	l.status.problem("queue", control.ProblemStorage, err)
	if err != nil {
		l.pulse.wait(ctx, 5*time.Second, nil, nil)
		return false
	}
	if n > 0 {
		l.o.Log.Warn("messages of another account were dropped", "messages", n)
	}
	if l.keeper.isNew(g) && l.announced != g.Pairing {
		l.announced = g.Pairing
		l.events.toBroker(control.EventPaired, map[string]any{"subject": g.Subject})
	}
	return true
}

// serve runs one session. It ends with ErrSwap when a grant is published that makes another login. When the grant is
// gone the session goes on until its access token ends.
func (l *linker) serve(ctx context.Context, g store.Grant, changed <-chan struct{}) error {
	if f, _ := l.status.now(); f.broker.State == control.BrokerOff {
		l.broker(control.BrokerConnecting, "", "")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go l.swap(ctx, g, changed, cancel)
	var err error
	c := credentials(g)
	c.NewAccount = l.keeper.isNew(g) && account(g) != l.served
	l.pulse.await(func() { err = l.o.Link.Serve(ctx, c, l.connected) }, progressing(stallLimit, l.o.Link.Progress))
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// swap ends the session that serves g when there is a grant with another login, or when there is no grant any more and
// the last access token has ended.
func (l *linker) swap(ctx context.Context, g store.Grant, changed <-chan struct{}, cancel context.CancelCauseFunc) {
	var over <-chan time.Time
	for latest := g; ; {
		select {
		case <-ctx.Done():
			return
		case <-over:
			cancel(telemetry.ErrTokenOver)
			return
		case <-changed:
		}
		now, gen, next := l.keeper.current()
		changed, over = next, nil
		switch {
		case gen == 0 && !latest.Expiry.IsZero():
			over = time.After(time.Until(latest.Expiry))
		case gen == 0:
		case account(now) != account(g) || !l.o.Link.Same(credentials(g), credentials(now)):
			cancel(telemetry.ErrSwap)
			return
		default:
			latest = now
		}
	}
}

// connected reports that the session is online. It runs in the session's goroutine.
func (l *linker) connected() {
	if l.since.IsZero() {
		l.since = time.Now()
		l.events.emit(control.EventOnline, nil)
	}
	l.broker(control.BrokerOnline, "", "")
	select {
	case l.online <- struct{}{}:
	default:
	}
}

// afterSession is how long to wait after a session that ended with err.
func (l *linker) afterSession(ctx context.Context, g store.Grant, gen uint64, err error) time.Duration {
	lost := !l.since.IsZero()
	if lost {
		l.renewed, l.refusing, l.served = false, false, account(g)
	}
	if errors.Is(err, telemetry.ErrSwap) {
		return 0 // the next begins at once: the panel does not change
	}
	if lost && time.Since(l.since) >= stable { // "Back-off resets after 60 s of a stable session, not before"
		l.failures = 0
	}
	l.offline(err)
	_, now, _ := l.keeper.current()
	over := errors.Is(err, telemetry.ErrTokenOver)
	if ctx.Err() != nil || now == 0 || over {
		l.broker(control.BrokerOff, "", "")
		return 0
	}
	e, ok := errors.AsType[*telemetry.Error](err)
	if !ok {
		e = &telemetry.Error{Kind: telemetry.Broker, Detail: "the connection ended", Err: err}
		if err != nil {
			e.Detail = err.Error()
		}
	}
	l.o.Log.Debug("broker session ended", "kind", string(e.Kind), "err", e.Detail)
	return max(l.failed(ctx, g, gen, e, lost), e.RetryAfter)
}

// offline reports the end of a session. Sessions that follow each other by a token swap count as one.
func (l *linker) offline(err error) {
	if l.since.IsZero() {
		return
	}
	l.since = time.Time{}
	reason := "the connection ended"
	if e, ok := errors.AsType[*telemetry.Error](err); ok {
		reason = e.Detail
	} else if err != nil && !errors.Is(err, context.Canceled) {
		reason = err.Error()
	} else if err != nil {
		reason = "the daemon stops"
	}
	l.events.emit(control.EventOffline, map[string]any{"reason": reason})
}

// failed reports e and chooses the wait; lost: the session had come online. A refused token is refreshed once; after that
// the waits are long.
func (l *linker) failed(ctx context.Context, g store.Grant, gen uint64, e *telemetry.Error, lost bool) time.Duration {
	n := l.failures
	switch e.Kind {
	case telemetry.BrokerAuth:
		if !l.renewed && l.usesToken(g) && l.renew(ctx, gen) {
			l.renewed = true // the fresh one gets no second refresh
			return 0
		}
		l.refused(e)
	case telemetry.Misconfigured:
		l.broker(control.BrokerRefused, control.ProblemCode(e.Kind), e.Detail)
	default:
		l.broker(control.BrokerConnecting, control.ProblemCode(e.Kind), e.Detail)
		l.failures++
		if n == 0 { // the first reconnect is spread, so that not all devices return at once after a restart of the broker
			return max(l.o.Rand(l.o.Spread), 100*time.Millisecond)
		}
		return reconnect(n, time.Second, capIdle, l.o.Spread, lost, l.o.Rand)
	}
	l.failures++
	return reconnect(n, 30*time.Second, capRefuse, l.o.Spread, lost, l.o.Rand)
}

// refused reports that the broker refuses the token, once in a run of refusals.
func (l *linker) refused(e *telemetry.Error) {
	l.broker(control.BrokerRefused, control.ProblemCode(e.Kind), e.Detail)
	if !l.refusing {
		l.refusing = true
		l.events.emit(control.EventBrokerRefused, map[string]any{"detail": e.Detail})
	}
}

// usesToken reports whether a new token would make another login.
func (l *linker) usesToken(g store.Grant) bool {
	fresh := credentials(g)
	fresh.AccessToken, fresh.IDToken = fresh.AccessToken+"'", fresh.IDToken+"'"
	return !l.o.Link.Same(credentials(g), fresh)
}

// renew asks the keeper for a token newer than gen.
func (l *linker) renew(ctx context.Context, gen uint64) bool {
	var err error
	l.pulse.await(func() { _, err = l.keeper.token(ctx, gen) }, watched)
	if err != nil && ctx.Err() == nil {
		l.o.Log.Warn("the broker refused the token and it could not be renewed", "err", err)
	}
	return err == nil
}

// broker reports the state of the link; code and detail are the problem, empty for none.
func (l *linker) broker(state string, code control.ProblemCode, detail string) {
	l.status.update(func(f *facts) {
		f.broker.State, f.broker.Error = state, detail
		f.setProblem("linker", code, textError(detail))
	})
}
