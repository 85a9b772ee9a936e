package agent

import (
	"context"
	"errors"
	"time"

	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/store"
)

// adoption is a grant that waits to become durable.
type adoption struct {
	grant  store.Grant
	saved  chan struct{} // of a new pairing: closed when it is durable; nil: the grant goes on
	before store.Grant   // what a new pairing replaces
	had    bool          // there is a before
}

// adopt makes the grant of a new pairing durable, publishes it and revokes the one before. It waits
// until the grant is durable: until then nothing uses it. A token in hand is written even when ctx has
// ended; only the wait for a disk in trouble ends with ctx.
func (k *keeper) adopt(ctx context.Context, t deviceauth.Token, pairing string) error {
	in := &adoption{grant: grantOf(t, time.Now()), saved: make(chan struct{})}
	in.grant.Pairing = pairing
	_, err := ask(context.WithoutCancel(ctx), k, func(own context.Context) (any, error) {
		in.before, in.had = k.pub, k.gen != 0
		if k.unsaved != nil { // newer than what is published
			in.before, in.had = k.unsaved.grant, true
		}
		k.unsaved = in
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
	in := k.unsaved
	gen, err := k.write(in)
	if err != nil {
		k.storage(err)
		return
	}
	k.unsaved, k.aged, k.untimed, k.interrupt, k.ending, k.loaded = nil, false, false, false, false, true
	k.retry, k.stored = retry{}, gen
	k.healthy()
	k.status.problem("keeper", "", nil)
	if in.saved != nil {
		k.mu.Lock()
		k.adopted, k.sealed = in.grant.Pairing, false
		k.mu.Unlock()
		clear(k.audiences)
	}
	k.publish(in.grant)
	k.schedule()
	if in.saved == nil {
		return
	}
	close(in.saved)
	k.events.tell("paired", map[string]any{"subject": in.grant.Subject}) // the linker tells the broker
	if in.had && !same(in.before, in.grant) {
		k.revoke(ctx, in.before)
	}
}

// write saves. Where a new pairing finds a grant that does not open, it is put aside first.
func (k *keeper) write(in *adoption) (uint64, error) {
	gen, err := k.o.Store.Save(in.grant)
	if _, sealed := errors.AsType[*store.SealError](err); !sealed || in.saved == nil {
		return gen, err
	}
	if err := k.o.Store.PutAside(); err != nil {
		return 0, err
	}
	return k.o.Store.Save(in.grant)
}

// revoke tells the server that g is no longer needed, beside the loop; best effort.
func (k *keeper) revoke(ctx context.Context, g store.Grant) {
	k.old.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, revokeFor)
		defer cancel()
		if err := k.o.Auth.Revoke(ctx, tokenOf(g)); err != nil {
			k.o.Log.Warn("the grant before could not be revoked: remove it in the account it was of", "err", err)
		}
	})
}

// expire ends a grant that cannot be refreshed, once its access token has: "An expired access token with
// no refresh token: `unpaired`".
func (k *keeper) expire() {
	if usable(k.pub, time.Now()) {
		k.due = k.pub.Expiry
		return
	}
	k.forget("the access token expired and the server gave no refresh token")
}

// forget ends the grant: the device is unpaired. The others hear it at once; were it lost on the disk,
// the server would say the same again.
func (k *keeper) forget(why string) {
	k.o.Log.Warn("the grant is gone: pair again", "why", why)
	k.retry, k.due, k.ending = retry{}, time.Time{}, true
	k.status.problem("keeper", "", nil)
	k.withdraw()
	k.events.emit("unpaired", map[string]any{"reason": why})
	k.bury()
}

// bury makes it durable that the grant is gone.
func (k *keeper) bury() {
	if err := k.o.Store.Forget(); err != nil {
		k.storage(err)
		return
	}
	k.ending = false
	k.healthy()
}
