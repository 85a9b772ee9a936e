package agent

import (
	"context"
	"errors"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/store"
)

const (
	storageRetry = 5 * time.Second // after the grant could not be read or written
	sealedLook   = time.Minute     // between tries to unseal a grant: the key may come back
	untimedLook  = 2 * time.Second // between looks at a clock that is not set
)

var errForeign = errors.New(
	"the stored grant is for another issuer, client or token endpoint: pair again, or restore the configuration")

// read loads the grant at start. A failure of the disk is reported and the read repeated; it never
// unpairs.
func (k *keeper) read(ctx context.Context) {
	state, err := k.o.Store.Load()
	_, closed := errors.AsType[*store.SealError](err)
	if err != nil && !closed {
		k.storageFailed(err)
		return
	}
	k.setSealed(closed)
	k.failing = false
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
	k.spread = k.o.Rand(k.o.Spread)
	k.serial++
	k.show(*state.Grant, k.serial, nil)
	k.warnOfWear(*state.Grant)
	k.plan()
	if p, ok := unrevoked(state, k.o.Bound); ok && mayRevoke(k.o.Revoke, p, *state.Grant) {
		k.revoke(ctx, p)
	}
}

// plan decides when to refresh a grant that came from disk. "Nothing is decided by wall time before the
// clock is set".
func (k *keeper) plan() {
	now := time.Now()
	if !k.o.Clock.Set() {
		k.enter(untimed, now.Add(untimedLook))
		return
	}
	due := k.refreshDue()
	overdue := !usable(k.pub, now) || !due.IsZero() && due.Before(now) || clockWasAhead(k.pub, now)
	switch {
	case k.intended == k.stored, k.failing:
		// A refresh was interrupted: the same token is sent once more, at once, since the server's grace time may not be
		// over. Or its intent could not be written: the next one shows whether the disk works again.
		due = now
	case overdue && k.pub.RefreshToken != "":
		due = now.Add(k.spread)
	}
	k.enter(resumed, due)
}

// refreshDue is when to refresh the published grant.
func (k *keeper) refreshDue() time.Time {
	due := refreshDue(k.pub, float64(k.o.Rand(time.Second))/float64(time.Second))
	k.o.Log.Debug("refresh planned", "at", due, "token_expires", k.pub.Expiry)
	return due
}

// expire ends a grant that cannot be refreshed, once its access token has: "An expired access token with
// no refresh token: `unpaired`".
func (k *keeper) expire() {
	if usable(k.pub, time.Now()) {
		k.due = k.pub.Expiry
		return
	}
	k.end("the access token expired and the server gave no refresh token")
}

// end ends the grant: the device is unpaired. The other loops see it at once, before it is durable. If a power cut
// undoes it, the server refuses the grant again.
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

// storageFailed reports that the grant cannot be read or written, and makes the stage's work due again soon.
func (k *keeper) storageFailed(err error) {
	k.failing = true
	k.status.problem("store", control.ProblemStorage, err)
	k.due = time.Now().Add(storageRetry)
}

// storageWorks reports that the disk works, or what is still wrong with the store.
func (k *keeper) storageWorks() {
	k.failing = false
	var err error
	if h, ok := k.o.Store.(interface{ Health() error }); ok {
		err = h.Health()
	}
	k.status.problem("store", control.ProblemStorage, err)
}
