package agent

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/paird/paird/agent/store"
)

var errStopping = errors.New("the daemon is stopping or being reset: ask again")

// keeper owns the grant: only it refreshes, adopts, forgets and writes. The other loops read the
// published grant and send requests to the inbox.
type keeper struct {
	o      Options
	status *status
	events *stream
	pulse  pulse
	inbox  chan func(context.Context)
	ready  chan struct{} // closed when it is known whether there is a grant
	over   chan struct{} // closed when the loop has returned

	published

	spread time.Duration // rand(0, Options.Spread) of this start, before the first refresh and session; set before gen

	// Owned by the loop.
	stage     stage
	due       time.Time // of the stage's work; zero: nothing to do
	wake      *time.Timer
	serial    uint64
	stored    uint64 // the store's generation
	intended  uint64 // the generation whose intent is durable
	failing   bool   // the last read or write of the grant failed
	inHand    adoption
	code      codeRecord
	exchange  *exchange                  // under way; nil: none
	answers   chan func(context.Context) // what an exchange has to do in the loop
	retry     retry
	forced    time.Time // last refresh forced over the control API
	audiences map[string]audience
	beside    sync.WaitGroup // exchanges and revocations
}

func newKeeper(o Options, st *status, ev *stream) *keeper {
	return &keeper{
		o: o, status: st, events: ev,
		pulse:     make(pulse),
		inbox:     make(chan func(context.Context)),
		ready:     make(chan struct{}),
		over:      make(chan struct{}),
		answers:   make(chan func(context.Context)),
		published: published{changed: make(chan struct{})},
		code:      codeRecord{store: o.Store},
		wake:      time.NewTimer(0),
		stage:     unread,
		due:       time.Now(),
		audiences: map[string]audience{},
	}
}

// run works until retire is closed. ctx ends before that; from then on the keeper only makes durable what it has
// received.
func (k *keeper) run(ctx context.Context, retire <-chan struct{}) {
	defer k.beside.Wait()
	defer close(k.over)
	for {
		step, wait := next(k.phase(), time.Now())
		if step != idle {
			k.do(ctx, step)
			continue
		}
		k.sleep(wait)
		select {
		case <-retire:
			k.finish(ctx)
			return
		case fn := <-k.answers:
			fn(ctx)
		case fn := <-k.inbox:
			fn(ctx)
		case <-k.wake.C:
		case <-k.code.again:
			_ = k.code.run() // the first failure was logged
		case answer := <-k.pulse:
			answer <- !k.hung()
		}
	}
}

// sleep sets the timer that ends the loop's wait.
func (k *keeper) sleep(d time.Duration) {
	k.wake.Stop()
	if d != noLimit {
		k.wake.Reset(d)
	}
}

// do takes the step; it sets the next phase.
func (k *keeper) do(ctx context.Context, s step) {
	k.due = time.Time{}
	switch s {
	case readGrant:
		k.read(ctx)
	case planRefresh:
		k.plan()
	case refreshGrant:
		_, _ = k.refresh(ctx) // a failure is in the status
	case expireGrant:
		k.expire()
	case saveGrant:
		k.save(ctx)
	case forgetGrant:
		k.forget()
	}
}

// enter begins a stage. Its work is due at the given time; the zero time means that it has no work.
func (k *keeper) enter(s stage, due time.Time) {
	k.stage, k.due = s, due
}

// phase is what the next step depends on.
func (k *keeper) phase() phase {
	return phase{stage: k.stage, due: k.due, renewable: k.pub.RefreshToken != "", busy: k.exchange != nil}
}

// withdraw publishes that there is no grant.
func (k *keeper) withdraw() { k.show(store.Grant{}, 0, nil) }

// show changes what current returns; event, if not nil, runs before the other loops wake up for it.
func (k *keeper) show(g store.Grant, gen uint64, event func()) {
	changed := k.set(g, gen)
	k.status.update(func(f *facts) { f.grant, f.paired = g, gen != 0 })
	if event != nil {
		event()
	}
	close(changed)
}

// ask runs fn in the keeper's own goroutine and returns its answer.
func ask[T any](ctx context.Context, k *keeper, fn func(context.Context) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	var none T
	done := make(chan answer, 1)
	select {
	case k.inbox <- func(own context.Context) { v, err := fn(own); done <- answer{v, err} }:
	case <-k.over:
		return none, errStopping
	case <-ctx.Done():
		return none, ctx.Err()
	}
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}
