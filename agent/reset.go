package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paird/paird/agent/control"
)

// revokeFor bounds what telling the server may take: the owner waits, and everything local is erased all
// the same.
const revokeFor = 10 * time.Second

// beginReset makes the wish durable before anything is undone: "A durable marker comes first".
func (a *Agent) beginReset() {
	if err := a.o.Store.MarkReset(); err != nil {
		a.o.Log.Error("the reset could not be marked: a power cut now would leave it half done", "err", err)
	}
	a.events.emit("reset", nil)
}

// erase revokes and erases everything, alone: the loops have ended. While the disk refuses it tries again
// and again, for a device that was told to forget must not go on with what is left. reply may be nil.
func (a *Agent) erase(ctx context.Context, reply chan control.ResetResult) {
	a.tended(ctx, func(p pulse) {
		select {
		case <-a.pairs: // a wish from before
		default:
		}
		a.status.update(func(f *facts) { f.running, f.pairing, f.beginning = false, nil, false })
		revoked := a.revokeAll(ctx)
		for !a.eraseOnce(revoked, reply) && ctx.Err() == nil {
			reply = a.anotherTry(ctx, p)
		}
	})
}

// eraseOnce goes through all there is and tells how it went.
func (a *Agent) eraseOnce(revoked error, reply chan control.ResetResult) bool {
	erased := errors.Join(a.o.Queue.Erase(), a.o.Store.Erase())
	result := control.ResetResult{Erased: erased == nil, Revoked: revoked == nil}
	if err := errors.Join(revoked, erased); err != nil {
		result.Detail = err.Error()
	}
	a.status.update(func(f *facts) {
		clear(f.problems)
		f.setProblem("reset", "storage", erased)
		if result.Erased {
			f.paired, f.running, f.wiped = false, true, &result // unpaired at once: nothing is left to be found out
		}
	})
	if reply != nil {
		reply <- result // buffered
	}
	return result.Erased
}

// anotherTry waits a little, or for somebody who asks for a reset once more.
func (a *Agent) anotherTry(ctx context.Context, p pulse) (reply chan control.ResetResult) {
	asked := make(chan struct{})
	ctx, stop := context.WithCancel(ctx)
	waiting := make(chan struct{})
	go func() {
		defer close(waiting)
		select {
		case reply = <-a.resets:
			close(asked)
		case <-ctx.Done():
		}
	}()
	p.wait(ctx, 5*time.Second, asked, nil)
	stop()
	<-waiting
	return reply
}

// revokeAll tells the server, 10 s at most, that nothing of this device's is needed any more.
func (a *Agent) revokeAll(ctx context.Context) error {
	state, err := a.o.Store.Load()
	if err != nil {
		return fmt.Errorf("the grant cannot be read to be revoked, remove this device in your account: %w", err)
	}
	if state.Grant == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revokeFor)
	defer cancel()
	err = a.o.Auth.Revoke(ctx, tokenOf(*state.Grant))
	if before, ok := owed(state, a.o.Bound); ok {
		err = errors.Join(err, a.o.Auth.Revoke(ctx, tokenOf(before)))
	}
	if err != nil {
		return fmt.Errorf("the grant could not be revoked, remove this device in your account: %w", err)
	}
	return nil
}
