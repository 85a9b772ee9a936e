package agent

import (
	"context"
	"errors"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/store"
)

// adoption is a grant that waits to become durable.
type adoption struct {
	grant    store.Grant
	saved    chan struct{} // of a new pairing: closed when it is durable; nil: a refresh of the same grant
	replaced *store.Grant  // the grant before a new pairing
}

// adopt makes the grant of a new pairing durable, publishes it and revokes the one before. It waits
// until the grant is durable, because nothing uses it before. The grant is written even when ctx has ended;
// only the wait for a disk in trouble ends with ctx.
func (k *keeper) adopt(ctx context.Context, t deviceauth.Token, pairing string) error {
	in := adoption{grant: grantOf(t, time.Now()), saved: make(chan struct{})}
	in.grant.Pairing = pairing
	for { // an exchange under way ends first: it may rotate the tokens that are replaced
		x, err := ask(context.WithoutCancel(ctx), k, func(own context.Context) (*exchange, error) { return k.exchange, k.replace(own, in) })
		if err != nil {
			return err
		}
		if x == nil {
			break
		}
		<-x.done
	}
	select {
	case <-in.saved:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// replace takes over the grant of a new pairing, unless an exchange is under way.
func (k *keeper) replace(ctx context.Context, in adoption) error {
	if k.exchange != nil {
		return nil
	}
	switch {
	case k.stage == unsaved: // newer than what is published
		replaced := k.inHand.grant
		in.replaced = &replaced
	case k.gen != 0:
		replaced := k.pub
		in.replaced = &replaced
	}
	k.inHand = in
	k.save(ctx)
	return nil
}

// save makes the grant in hand durable and then publishes it, however long the disk takes.
func (k *keeper) save(ctx context.Context) {
	if k.persist() {
		k.release(ctx)
	}
}

// persist makes the grant in hand durable.
func (k *keeper) persist() bool {
	gen, err := k.write(k.inHand)
	if err != nil {
		k.enter(unsaved, time.Time{})
		k.storageFailed(err)
		return false
	}
	k.stored = gen
	k.storageWorks()
	return true
}

// release publishes the grant in hand, which is durable.
func (k *keeper) release(ctx context.Context) {
	in := k.inHand
	k.inHand, k.retry = adoption{}, retry{}
	k.status.problem("keeper", "", nil)
	k.publish(in)
	k.enter(received, k.refreshDue())
	if in.saved == nil {
		return
	}
	close(in.saved)
	k.warnOfWear(in.grant)
	if in.replaced != nil && mayRevoke(k.o.Revoke, *in.replaced, in.grant) {
		k.revoke(ctx, *in.replaced)
	}
}

// warnOfWear logs that the server's short lifetimes wear the flash.
func (k *keeper) warnOfWear(g store.Grant) {
	if n := flashPerDay(g.Lifetime); n > flashADay && g.RefreshToken != "" {
		k.o.Log.Warn("the access tokens live so short that their refreshes wear the flash: ask the operator of the server for longer ones",
			"lifetime", g.Lifetime, "bytes_a_day", n)
	}
}

// publish shows the grant in hand to the other loops as a new generation. Its event comes before they wake up.
func (k *keeper) publish(in adoption) {
	k.serial++
	if in.saved == nil {
		k.show(in.grant, k.serial, func() { k.events.emit(control.EventRefreshed, refreshedFields(in.grant, time.Now())) })
		return
	}
	clear(k.audiences)
	k.setAdopted(in.grant.Pairing)
	k.show(in.grant, k.serial, func() { // the linker queues it for the broker
		k.events.toBoard(control.EventPaired, map[string]any{"subject": in.grant.Subject})
	})
}

// refreshedFields are the fields of the event of a refresh.
func refreshedFields(g store.Grant, now time.Time) map[string]any {
	if g.Expiry.IsZero() {
		return nil
	}
	return map[string]any{"expires_in": seconds(g.Expiry.Sub(now))}
}

// write saves the grant. For a new pairing it puts aside a stored grant that cannot be unsealed.
func (k *keeper) write(in adoption) (gen uint64, err error) {
	save := func() error {
		gen, err = k.o.Store.Save(in.grant)
		return err
	}
	if in.saved == nil {
		err = save()
	} else {
		err = puttingAside(k.o.Store, save)
	}
	return gen, err
}

// puttingAside runs write, which replaces the stored grant. Where that grant cannot be unsealed, it is put aside and write
// runs once more.
func puttingAside(s grants, write func() error) error {
	err := write()
	if _, closed := errors.AsType[*store.SealError](err); !closed {
		return err
	}
	if err := s.PutAside(); err != nil {
		return err
	}
	return write()
}
