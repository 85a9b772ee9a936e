package agent

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/store"
)

var errNotPaired = errors.New("this device is not paired")

// keeper owns the grant: only it refreshes, adopts, forgets and writes. The other loops read the
// published grant and send their wishes to the inbox.
type keeper struct {
	o      Options
	status *status
	events *stream
	pulse  pulse
	inbox  chan func(context.Context)
	ready  chan struct{} // closed when it is known whether there is a grant

	mu      sync.Mutex
	pub     store.Grant
	gen     uint64 // 0: no grant
	changed chan struct{}

	// Owned by the loop.
	stored    uint64      // the store's generation; differs from gen where only the refresh token changed
	frac      float64     // where between 60 and 75 % this grant is refreshed
	due       time.Time   // next thing to do by itself; zero: nothing
	wake      *time.Timer // fires at due
	unsaved   *adoption   // in hand and not yet durable
	retry     retry
	aged      bool      // the grant came from disk: its times are wall times
	forced    time.Time // last refresh forced over the control API
	audiences map[string]deviceauth.Token
	old       sync.WaitGroup // revocations under way
}

// adoption is a grant that waits to become durable.
type adoption struct {
	grant store.Grant
	done  func(error) // told once, when it is; may be nil
}

func newKeeper(o Options, st *status, ev *stream) *keeper {
	return &keeper{
		o: o, status: st, events: ev,
		pulse:     make(pulse),
		inbox:     make(chan func(context.Context)),
		ready:     make(chan struct{}),
		changed:   make(chan struct{}),
		wake:      time.NewTimer(0),
		audiences: map[string]deviceauth.Token{},
	}
}

// current is the published grant: durable, bound to this configuration, perhaps with an expired access
// token. gen is 0 where there is none; changed is closed when that is no longer the answer.
func (k *keeper) current() (g store.Grant, gen uint64, changed <-chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.pub, k.gen, k.changed
}

func (k *keeper) publish(g store.Grant, gen uint64) {
	k.mu.Lock()
	k.pub, k.gen = g, gen
	close(k.changed)
	k.changed = make(chan struct{})
	k.mu.Unlock()
	k.status.update(func(f *facts) { f.grant, f.paired = g, gen != 0 })
}

func (k *keeper) run(ctx context.Context) {
	defer k.old.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case fn := <-k.inbox:
			fn(ctx)
		case <-k.wake.C:
			k.act(ctx)
		case answer := <-k.pulse:
			answer <- struct{}{}
			continue
		}
		k.arm()
	}
}

// arm sets the timer to due.
func (k *keeper) arm() {
	k.wake.Stop()
	if !k.due.IsZero() {
		k.wake.Reset(time.Until(k.due))
	}
}

// act does what is due.
func (k *keeper) act(ctx context.Context) {
	k.due = time.Time{}
	select {
	case <-k.ready:
	default:
		k.load()
		return
	}
	switch {
	case k.unsaved != nil:
		k.save(ctx)
	case k.gen == 0:
	case k.aged && !k.o.Clock.Set(): // no verdict on wall times before the clock is set
		k.due = time.Now().Add(time.Minute)
	case k.pub.RefreshToken == "":
		k.expire()
	default:
		_ = k.refresh(ctx) // told in Status; due is set again
	}
}

// do runs fn in the keeper's own goroutine.
func (k *keeper) do(ctx context.Context, fn func(context.Context)) error {
	done := make(chan struct{})
	select {
	case k.inbox <- func(own context.Context) { defer close(done); fn(own) }:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// load reads the grant at start. Trouble with the disk is told and tried again; it never unpairs.
func (k *keeper) load() {
	state, err := k.o.Store.Load()
	var sealed *store.SealError
	if err != nil && !errors.As(err, &sealed) {
		k.storage(err)
		return
	}
	k.status.problem("store", "storage", err)
	defer close(k.ready)
	g := state.Grant
	switch {
	case err != nil: // kept as it is; pairing again puts it aside
	case g == nil:
		k.publish(store.Grant{}, 0)
	case foreign(g.Binding, k.o.Bound):
		k.status.problem("keeper", "config", errors.New(
			"the stored grant is for another issuer, client or token endpoint: pair again, or restore the configuration"))
		k.publish(store.Grant{}, 0)
	default:
		k.resume(state)
	}
}

// resume takes up a grant after a start.
func (k *keeper) resume(state store.State) {
	g := *state.Grant
	k.aged = true
	k.stored = state.Gen
	k.publish(g, state.Gen)
	now := time.Now()
	k.schedule(now)
	switch {
	case state.Intent:
		// A refresh was cut off. The same token once more, at once: it buys the server's grace window.
		k.aged, k.due = false, now
	case g.RefreshToken != "" && (!usable(g, now) || !k.due.IsZero() && k.due.Before(now)):
		k.due = now.Add(k.o.Rand(k.o.Spread))
	}
}

func (k *keeper) schedule(now time.Time) {
	k.frac = float64(k.o.Rand(time.Second)) / float64(time.Second)
	k.due = refreshDue(k.pub, k.frac)
}

// storage tells of a disk that does not take or give the grant, and tries again soon.
func (k *keeper) storage(err error) {
	k.status.problem("store", "storage", err)
	k.due = time.Now().Add(5 * time.Second)
}

// adopt makes the grant of a new pairing durable, publishes it and revokes the one before. It waits
// until the grant is durable: until then nothing uses it.
func (k *keeper) adopt(ctx context.Context, t deviceauth.Token) error {
	g := grantOf(t, time.Now())
	g.Pairing = rand.Text()
	result := make(chan error, 1)
	err := k.do(ctx, func(own context.Context) {
		k.unsaved = &adoption{grant: g, done: func(err error) { result <- err }}
		k.save(own)
	})
	if err != nil {
		return err
	}
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// save makes the grant in hand durable, before anything uses it, however long the disk takes.
func (k *keeper) save(ctx context.Context) {
	in := k.unsaved
	gen, err := k.o.Store.Save(in.grant)
	var sealed *store.SealError
	if errors.As(err, &sealed) { // the old grant does not open: a new one takes its place
		if err = k.o.Store.PutAside(); err == nil {
			gen, err = k.o.Store.Save(in.grant)
		}
	}
	if err != nil {
		k.storage(err)
		return
	}
	before, had := k.pub, k.gen != 0
	k.unsaved, k.aged, k.retry = nil, false, retry{}
	clear(k.audiences)
	k.status.problem("store", "storage", nil)
	k.status.problem("keeper", "", nil)
	k.stored = gen
	k.publish(in.grant, gen)
	k.schedule(time.Now())
	if in.done == nil {
		return
	}
	in.done(nil)
	k.events.emit("paired", map[string]any{"subject": in.grant.Subject})
	if had {
		k.revoke(ctx, before)
	}
}

// revoke tells the server that g is no longer needed, beside the loop; best effort.
func (k *keeper) revoke(ctx context.Context, g store.Grant) {
	k.old.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		if err := k.o.Auth.Revoke(ctx, tokenOf(g)); err != nil {
			k.o.Log.Warn("the grant before could not be revoked", "err", err)
		}
	})
}

// expire ends a grant that cannot be refreshed, once its access token has.
func (k *keeper) expire() {
	if usable(k.pub, time.Now()) {
		k.due = k.pub.Expiry
		return
	}
	k.forget("the access token expired and the server gave no refresh token")
}

// forget ends the grant: the device is unpaired.
func (k *keeper) forget(why string) {
	if err := k.o.Store.Forget(); err != nil {
		k.storage(err)
		return
	}
	k.o.Log.Warn("the grant is gone: pair again", "why", why)
	k.retry, k.due = retry{}, time.Time{}
	clear(k.audiences)
	k.status.problem("keeper", "", nil)
	k.publish(store.Grant{}, 0)
	k.events.emit("unpaired", map[string]any{"reason": why})
}
