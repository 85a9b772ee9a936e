package agent

import (
	"context"
	"errors"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/store"
)

const (
	storageRetry = 5 * time.Second // after the disk did not take or give the grant
	sealedLook   = time.Minute     // between tries to unseal a grant: the key may come back
	untimedLook  = 2 * time.Second // between looks at a clock that is not set
)

var errForeign = errors.New(
	"the stored grant is for another issuer, client or token endpoint: pair again, or restore the configuration")

// read loads the grant at start. Trouble with the disk is reported and tried again; it never unpairs.
func (k *keeper) read(ctx context.Context) {
	state, err := k.o.Store.Load()
	_, closed := errors.AsType[*store.SealError](err)
	if err != nil && !closed {
		k.storageFailed(err)
		return
	}
	k.mu.Lock()
	k.sealed = closed
	k.mu.Unlock()
	k.status.problem("store", control.ProblemStorage, err)
	g := state.Grant
	switch {
	case closed: // "kept and retried"; pairing again puts it aside
		k.enter(sealed, time.Now().Add(sealedLook))
	case g == nil:
		k.enter(unpaired, time.Time{})
	case foreign(g.Binding, k.o.Bound): // "kept unused, problem config, until the user pairs again"
		k.status.problem("keeper", control.ProblemConfig, errForeign)
		k.enter(unpaired, time.Time{})
	default:
		k.resume(ctx, state)
	}
	k.setReady()
}

// setReady lets the other loops begin.
func (k *keeper) setReady() {
	select {
	case <-k.ready:
	default:
		k.status.update(func(f *facts) { f.running = true })
		close(k.ready)
	}
}

// resume takes up a grant after a start.
func (k *keeper) resume(ctx context.Context, state store.State) {
	k.stored = state.Gen
	if state.Intent {
		k.intended = state.Gen
	}
	k.publish(*state.Grant)
	k.plan()
	if p, ok := unrevoked(state, k.o.Bound); ok {
		k.revoke(ctx, p)
	}
}

// plan decides when to refresh a grant that came from disk. "Nothing is judged by wall time before the
// clock is set".
func (k *keeper) plan() {
	now := time.Now()
	if !k.o.Clock.Set() {
		k.enter(untimed, now.Add(untimedLook))
		return
	}
	due := k.refreshDue()
	overdue := !usable(k.pub, now) || !due.IsZero() && due.Before(now)
	switch {
	case k.intended == k.stored:
		// A refresh was interrupted. The same token once more, at once: it is within the server's grace time.
		due = now
	case overdue && k.pub.RefreshToken != "":
		due = now.Add(k.o.Rand(k.o.Spread))
	}
	k.enter(resumed, due)
}

// refreshDue is when to refresh the published grant.
func (k *keeper) refreshDue() time.Time {
	return refreshDue(k.pub, float64(k.o.Rand(time.Second))/float64(time.Second))
}

// adoption is a grant that waits to become durable.
type adoption struct {
	grant    store.Grant
	saved    chan struct{} // of a new pairing: closed when it is durable; nil: the grant goes on
	replaced *store.Grant  // the grant before a new pairing
}

// adopt makes the grant of a new pairing durable, publishes it and revokes the one before. It waits
// until the grant is durable: until then nothing uses it. A token in hand is written even when ctx has
// ended; only the wait for a disk in trouble ends with ctx.
func (k *keeper) adopt(ctx context.Context, t deviceauth.Token, pairing string) error {
	in := adoption{grant: grantOf(t, time.Now()), saved: make(chan struct{})}
	in.grant.Pairing = pairing
	_, err := ask(context.WithoutCancel(ctx), k, func(own context.Context) (any, error) {
		switch {
		case k.phase.stage == unsaved: // newer than what is published
			replaced := k.inHand.grant
			in.replaced = &replaced
		case k.gen != 0:
			replaced := k.pub
			in.replaced = &replaced
		}
		k.inHand = in
		k.save(own)
		return nil, nil
	})
	if err != nil {
		return err
	}
	select {
	case <-in.saved:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// save makes the grant in hand durable, before anything uses it, however long the disk takes.
func (k *keeper) save(ctx context.Context) {
	in := k.inHand
	gen, err := k.write(in)
	if err != nil {
		k.enter(unsaved, time.Time{})
		k.storageFailed(err)
		return
	}
	k.inHand, k.retry, k.stored = adoption{}, retry{}, gen
	k.storageWorks()
	k.status.problem("keeper", "", nil)
	if in.saved != nil {
		k.mu.Lock()
		k.adopted, k.sealed = in.grant.Pairing, false
		k.mu.Unlock()
		clear(k.audiences)
	}
	k.publish(in.grant)
	k.enter(received, k.refreshDue())
	if in.saved == nil {
		k.events.emit(control.EventRefreshed, refreshedFields(in.grant, time.Now()))
		return
	}
	close(in.saved)
	k.events.toBoard(control.EventPaired, map[string]any{"subject": in.grant.Subject}) // the linker queues it for the broker
	if in.replaced != nil && !sameTokens(*in.replaced, in.grant) {
		k.revoke(ctx, *in.replaced)
	}
}

// refreshedFields are those of the event.
func refreshedFields(g store.Grant, now time.Time) map[string]any {
	if g.Expiry.IsZero() {
		return nil
	}
	return map[string]any{"expires_in": seconds(g.Expiry.Sub(now))}
}

// write saves. A grant that cannot be unsealed is put aside for a new pairing.
func (k *keeper) write(in adoption) (uint64, error) {
	gen, err := k.o.Store.Save(in.grant)
	if _, closed := errors.AsType[*store.SealError](err); !closed || in.saved == nil {
		return gen, err
	}
	if err := k.o.Store.PutAside(); err != nil {
		return 0, err
	}
	return k.o.Store.Save(in.grant)
}

// expire ends a grant that cannot be refreshed, once its access token has: "An expired access token with
// no refresh token: `unpaired`".
func (k *keeper) expire() {
	if usable(k.pub, time.Now()) {
		k.phase.due = k.pub.Expiry
		return
	}
	k.end("the access token expired and the server gave no refresh token")
}

// end ends the grant: the device is unpaired. The other loops see it at once. If that were lost on the
// disk, the server would refuse the grant again.
func (k *keeper) end(why string) {
	k.retry = retry{}
	k.status.problem("keeper", "", nil)
	k.withdraw()
	k.events.emit(control.EventUnpaired, map[string]any{"reason": why})
	k.forget()
}

// forget makes it durable that the grant is gone.
func (k *keeper) forget() {
	k.enter(ended, time.Time{})
	if err := k.o.Store.Forget(); err != nil {
		k.storageFailed(err)
		return
	}
	k.enter(unpaired, time.Time{})
	k.storageWorks()
}

// storageFailed reports a disk that does not take or give the grant; the stage's work is soon due again.
func (k *keeper) storageFailed(err error) {
	k.status.problem("store", control.ProblemStorage, err)
	k.phase.due = time.Now().Add(storageRetry)
}

// storageWorks reports that the disk has done what was asked, or what is still wrong with it.
func (k *keeper) storageWorks() {
	var err error
	if h, ok := k.o.Store.(interface{ Health() error }); ok {
		err = h.Health()
	}
	k.status.problem("store", control.ProblemStorage, err)
}
