package agent

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/paird/paird/agent/store"
)

var (
	errNotPaired = errors.New("this device is not paired: press its button, or run paird pair")
	errSealed    = errors.New("the stored grant does not open: see problem storage, or pair again")
	errStopping  = errors.New("the daemon is stopping or being reset: ask again")
)

// keeper owns the grant: only it refreshes, adopts, forgets and writes. The other loops read the
// published grant and send their wishes to the inbox.
type keeper struct {
	o      Options
	status *status
	events *stream
	pulse  pulse
	inbox  chan func(context.Context)
	ready  chan struct{} // closed when it is known whether there is a grant
	ended  chan struct{} // closed when the loop is over

	mu      sync.Mutex
	pub     store.Grant
	gen     uint64 // counts what was published; 0: no grant
	changed chan struct{}
	sealed  bool   // a grant is there and does not open
	adopted string // the Pairing of the last grant adopted in this life

	// Owned by the loop.
	serial    uint64
	stored    uint64      // the store's generation
	intended  uint64      // the generation whose intent is durable
	due       time.Time   // next thing to do by itself; zero: nothing
	wake      *time.Timer // fires at due
	loaded    bool        // what is on the disk is known
	ending    bool        // the grant is gone, and the store does not know yet
	unsaved   *adoption   // in hand and not yet durable
	retry     retry
	aged      bool      // the grant came from disk: its times are wall times
	untimed   bool      // nothing was planned yet, because the clock is not set
	interrupt bool      // a refresh was cut off before this start
	forced    time.Time // last refresh forced over the control API
	audiences map[string]audience
	old       sync.WaitGroup // revocations under way
}

func newKeeper(o Options, st *status, ev *stream) *keeper {
	return &keeper{
		o: o, status: st, events: ev,
		pulse:     make(pulse),
		inbox:     make(chan func(context.Context)),
		ready:     make(chan struct{}),
		ended:     make(chan struct{}),
		changed:   make(chan struct{}),
		wake:      time.NewTimer(0),
		audiences: map[string]audience{},
	}
}

// current is the published grant: durable, bound to this configuration, perhaps with an expired access
// token. gen is 0 where there is none; changed is closed when that is no longer the answer.
func (k *keeper) current() (g store.Grant, gen uint64, changed <-chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.pub, k.gen, k.changed
}

// isNew reports whether g came from a pairing in this life of the daemon.
func (k *keeper) isNew(g store.Grant) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.adopted != "" && k.adopted == g.Pairing
}

// isSealed reports a grant that is there and does not open.
func (k *keeper) isSealed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.sealed
}

// absent is the error of whoever wants a grant where none is published.
func (k *keeper) absent() error {
	if k.isSealed() {
		return errSealed
	}
	return errNotPaired
}

// publish shows g to the other loops.
func (k *keeper) publish(g store.Grant) {
	k.serial++
	k.show(g, k.serial)
}

// withdraw tells the other loops that there is no grant.
func (k *keeper) withdraw() { k.show(store.Grant{}, 0) }

func (k *keeper) show(g store.Grant, gen uint64) {
	k.mu.Lock()
	k.pub, k.gen = g, gen
	close(k.changed)
	k.changed = make(chan struct{})
	k.mu.Unlock()
	k.status.update(func(f *facts) { f.grant, f.paired = g, gen != 0 })
}

// run works until retire is closed. ctx ends before: from then on only what is in hand is finished.
func (k *keeper) run(ctx context.Context, retire <-chan struct{}) {
	defer k.old.Wait()
	defer close(k.ended)
	k.act(ctx)
	for {
		k.arm()
		select {
		case <-retire:
			if k.unsaved != nil {
				k.save(ctx) // the last chance
			}
			return
		case fn := <-k.inbox:
			fn(ctx)
		case <-k.wake.C:
			k.act(ctx)
		case answer := <-k.pulse:
			answer <- struct{}{}
		}
	}
}

// agedLook is how often a plan made of wall times is compared with a wall clock that may step.
const agedLook = 5 * time.Minute

// arm sets the timer to due.
func (k *keeper) arm() {
	k.wake.Stop()
	if k.due.IsZero() {
		return
	}
	d := time.Until(k.due)
	if k.aged {
		d = min(d, agedLook)
	}
	k.wake.Reset(d)
}

// act does what is due.
func (k *keeper) act(ctx context.Context) {
	if time.Now().Before(k.due) {
		return
	}
	k.due = time.Time{}
	switch {
	case k.unsaved != nil:
		k.save(ctx)
	case !k.loaded:
		k.load(ctx)
	case k.ending:
		k.bury()
	case k.gen == 0:
	case k.untimed:
		k.plan()
	case k.pub.RefreshToken == "":
		k.expire()
	default:
		_ = k.refresh(ctx) // told in Status; due is set again
	}
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
	case <-k.ended:
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

// storage tells of a disk that does not take or give the grant, and tries again soon.
func (k *keeper) storage(err error) {
	k.status.problem("store", "storage", err)
	k.due = time.Now().Add(5 * time.Second)
}

// healthy tells that the disk has done what was asked, or what is still not well with it.
func (k *keeper) healthy() {
	var err error
	if h, ok := k.o.Store.(interface{ Health() error }); ok {
		err = h.Health()
	}
	k.status.problem("store", "storage", err)
}
