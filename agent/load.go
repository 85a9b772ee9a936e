package agent

import (
	"context"
	"errors"
	"time"

	"github.com/paird/paird/agent/store"
)

// sealedLook is how often a grant that does not open is tried again: the key may come back.
const sealedLook = time.Minute

// untimedLook is how often a clock that is not set is looked at.
const untimedLook = 2 * time.Second

var errForeign = errors.New(
	"the stored grant is for another issuer, client or token endpoint: pair again, or restore the configuration")

// load reads the grant at start. Trouble with the disk is told and tried again; it never unpairs.
func (k *keeper) load(ctx context.Context) {
	state, err := k.o.Store.Load()
	_, sealed := errors.AsType[*store.SealError](err)
	if err != nil && !sealed {
		k.storage(err)
		return
	}
	k.mu.Lock()
	k.sealed = sealed
	k.mu.Unlock()
	k.status.problem("store", "storage", err)
	k.loaded = !sealed
	g := state.Grant
	switch {
	case sealed: // "kept and retried"; pairing again puts it aside
		k.due = time.Now().Add(sealedLook)
	case g == nil:
	case foreign(g.Binding, k.o.Bound): // "kept unused, problem config, until the user pairs again"
		k.status.problem("keeper", "config", errForeign)
	default:
		k.resume(ctx, state)
	}
	k.known()
}

// known lets the other loops begin.
func (k *keeper) known() {
	select {
	case <-k.ready:
	default:
		k.status.update(func(f *facts) { f.running = true })
		close(k.ready)
	}
}

// resume takes up a grant after a start.
func (k *keeper) resume(ctx context.Context, state store.State) {
	k.aged, k.interrupt = true, state.Intent
	k.stored = state.Gen
	if state.Intent {
		k.intended = state.Gen
	}
	k.publish(*state.Grant)
	k.plan()
	if p, ok := owed(state, k.o.Bound); ok {
		k.revoke(ctx, p)
	}
}

// plan decides when to refresh a grant that came from disk. "Nothing is judged by wall time before the
// clock is set".
func (k *keeper) plan() {
	now := time.Now()
	if k.untimed = !k.o.Clock.Set(); k.untimed {
		k.due = now.Add(untimedLook)
		return
	}
	k.schedule()
	overdue := !usable(k.pub, now) || !k.due.IsZero() && k.due.Before(now)
	switch {
	case k.interrupt:
		// A refresh was cut off. The same token once more, at once: it buys the server's grace window.
		k.due = now
	case overdue && k.pub.RefreshToken != "":
		k.due = now.Add(k.o.Rand(k.o.Spread))
	}
}

func (k *keeper) schedule() {
	k.due = refreshDue(k.pub, float64(k.o.Rand(time.Second))/float64(time.Second))
}

// owed is the grant of an earlier pairing that a power cut kept from being revoked.
func owed(state store.State, bound store.Binding) (store.Grant, bool) {
	p, g := state.Previous, state.Grant
	if p == nil || g == nil || p.Pairing == "" || p.Pairing == g.Pairing || foreign(p.Binding, bound) || same(*p, *g) {
		return store.Grant{}, false
	}
	return *p, true
}

// same reports whether revoking one of the grants would end the other.
func same(a, b store.Grant) bool {
	if a.RefreshToken != "" || b.RefreshToken != "" {
		return a.RefreshToken == b.RefreshToken
	}
	return a.AccessToken == b.AccessToken
}
