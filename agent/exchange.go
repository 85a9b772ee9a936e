package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/internal/remote"
	"github.com/paird/paird/agent/store"
)

var (
	// errJournal: without a journal a lost answer could cost the grant, so nothing is sent.
	errJournal = errors.New("the refresh cannot be journalled")
	errUnsaved = errors.New("the renewed grant cannot be written: see problem storage")
)

// stopLimit is how long a request under way may delay a stop: "SIGTERM waits for a refresh in flight, 10 s at most".
const stopLimit = 10 * time.Second

// exchangeLimit is when an exchange counts as hung. Each of its requests ends after 20 s by itself.
const exchangeLimit = 3 * time.Minute

// refreshedLimit is how long the first session waits for a refresh.
const refreshedLimit = 10 * time.Second

// exchange is a request under way that may use up the refresh token. It runs beside the keeper's loop, so that
// the token in hand is served meanwhile; its answer is handled in the loop. There is one at a time.
type exchange struct {
	began  time.Time
	renews bool          // it is a refresh of the grant, not a request for another audience
	gen    uint64        // the generation it was sent for
	done   chan struct{} // closed when the answer has been handled
}

// begin makes the intent durable and then runs work beside the loop. work may go on for stopLimit after ctx has ended,
// so that neither a press nor a stop aborts a request half-way.
func (k *keeper) begin(ctx context.Context, renews bool, work func(own context.Context)) (*exchange, error) {
	if ctx.Err() != nil {
		return nil, errStopping
	}
	if err := k.intend(); err != nil {
		k.storageFailed(err)
		return nil, fmt.Errorf("%w: %w", errJournal, err)
	}
	x := &exchange{began: time.Now(), renews: renews, gen: k.gen, done: make(chan struct{})}
	k.exchange = x
	k.beside.Go(func() {
		own, cancel := remote.Outlive(ctx, stopLimit)
		defer cancel()
		work(own)
		k.inLoop(func(context.Context) {
			k.exchange = nil
			close(x.done)
		})
	})
	return x, nil
}

// inLoop runs fn in the keeper's loop, for an exchange, and returns when it is done.
func (k *keeper) inLoop(fn func(context.Context)) {
	done := make(chan struct{})
	k.answers <- func(ctx context.Context) {
		defer close(done)
		fn(ctx)
	}
	<-done
}

// repeatLost sends a request. "A refresh whose answer was lost is repeated at once with the same token, like a crash."
func repeatLost(send func() error) error {
	err := send()
	if kindOf(err) == deviceauth.Lost {
		err = send()
	}
	return err
}

// finish is the end of the loop: an exchange under way is awaited and what was received is made durable.
func (k *keeper) finish(ctx context.Context) {
	for k.exchange != nil {
		(<-k.answers)(ctx)
	}
	if k.stage == unsaved {
		k.save(ctx) // the last chance
	}
	_ = k.code.run()
}

// hung reports whether an exchange takes longer than it may.
func (k *keeper) hung() bool {
	return k.exchange != nil && time.Since(k.exchange.began) > exchangeLimit
}

// refreshed returns when a refresh that is under way or due is over, after refreshedLimit at the latest.
func (k *keeper) refreshed(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, refreshedLimit)
	defer cancel()
	x, _ := ask(ctx, k, func(own context.Context) (*exchange, error) {
		if step, _ := next(k.phase(), time.Now()); step == refreshGrant {
			k.do(own, step)
		}
		return k.exchange, nil
	})
	if x != nil {
		_ = x.wait(ctx) // with or without an answer the session begins
	}
}

// wait waits until the exchange is over or ctx ends.
func (x *exchange) wait(ctx context.Context) error {
	select {
	case <-x.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// intend makes the intent durable, once for each generation: each retry sends the same token. After a refusal the
// intent stays. To remove it would cost a write, and after a gateway's 5xx it is not known whether the server behind
// it has used up the token. An intent that stays causes one refresh at once after the next start, nothing else.
func (k *keeper) intend() error {
	if k.intended == k.stored {
		return nil
	}
	err := k.o.Store.Intend(k.stored)
	if lostGrant(err) { // the files were replaced while we ran: the grant in memory takes their place
		if k.stored, err = k.o.Store.Save(k.pub); err == nil {
			err = k.o.Store.Intend(k.stored)
		}
	}
	if err != nil {
		return err
	}
	k.intended = k.stored
	k.storageWorks()
	return nil
}

// lostGrant reports whether err means that the store works and does not have the generation.
func lostGrant(err error) bool {
	_, disk := errors.AsType[*store.StorageError](err)
	_, closed := errors.AsType[*store.SealError](err)
	return err != nil && !disk && !closed && !errors.Is(err, store.ErrLocked) && !errors.Is(err, store.ErrNewerSchema)
}
