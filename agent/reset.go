package agent

import (
	"context"
	"errors"
	"time"

	"github.com/paird/paird/agent/control"
)

// beginReset makes the request durable before anything is undone: "A durable marker comes first".
func (a *Agent) beginReset() {
	if err := a.o.Store.MarkReset(); err != nil {
		a.o.Log.Error("the reset could not be marked: a power cut now would leave it half done", "err", err)
	}
	a.events.emit(control.EventReset, nil)
}

// erase revokes and erases everything, alone: the loops have returned. While the disk refuses it tries
// again: a device that is reset must not go on with what is left. reply may be nil.
func (a *Agent) erase(ctx context.Context, reply chan control.ResetResult) {
	a.withHeartbeat(ctx, func(p pulse) {
		select {
		case <-a.pairRequests: // a request from before
		default:
		}
		a.status.update(func(f *facts) { f.running, f.pairing, f.beginning = false, nil, false })
		revoked := a.revokeAll(ctx)
		for !a.eraseOnce(revoked, reply) && ctx.Err() == nil {
			reply = a.nextTry(ctx, p)
		}
	})
}

// eraseOnce erases everything once and reports whether that succeeded.
func (a *Agent) eraseOnce(revoked error, reply chan control.ResetResult) bool {
	erased := errors.Join(a.o.Queue.Erase(), a.eraseInbox(), a.o.Store.Erase())
	result := control.ResetResult{Erased: erased == nil, Revoked: revoked == nil}
	if err := errors.Join(revoked, erased); err != nil {
		result.Detail = err.Error()
	}
	a.status.update(func(f *facts) {
		clear(f.problems)
		f.setProblem("reset", control.ProblemStorage, erased)
		if result.Erased {
			f.paired, f.running, f.wiped = false, true, &result // unpaired at once: nothing is left to be read
		}
	})
	if reply != nil {
		reply <- result // buffered
	}
	return result.Erased
}

func (a *Agent) eraseInbox() error {
	if a.o.Inbox == nil {
		return nil
	}
	return a.o.Inbox.Erase()
}

// nextTry waits a little, or for the next request for a reset.
func (a *Agent) nextTry(ctx context.Context, p pulse) (reply chan control.ResetResult) {
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
