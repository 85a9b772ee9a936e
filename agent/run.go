package agent

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/telemetry"
)

// Run runs the device until ctx ends: the three loops, and, when somebody asks for it, a factory reset
// between two lives of them. A reset that a power cut interrupted is finished first.
func (a *Agent) Run(ctx context.Context) error {
	var beside sync.WaitGroup
	defer beside.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	beside.Go(func() { a.announce(ctx) })
	beside.Go(func() { a.watchButton(ctx) })
	marked, err := a.o.Store.ResetMarked()
	if err != nil {
		a.status.problem("store", "storage", err)
	}
	for afterReset := marked; ; afterReset = true {
		if marked {
			a.erase(ctx, nil)
		}
		reply := a.live(ctx, afterReset)
		if reply == nil {
			return nil
		}
		a.erase(ctx, reply)
		marked = false
	}
}

// live runs the loops until ctx ends (nil) or a reset is asked for.
func (a *Agent) live(ctx context.Context, afterReset bool) chan control.ResetResult {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	k := newKeeper(a.o, a.status, a.events)
	l := newLinker(a.o, a.status, a.events, k)
	p := newPairer(a.o, a.status, a.events, k, a.pairs)
	a.keeper <- k
	defer func() { <-a.keeper }()

	linking, unlink := context.WithCancelCause(ctx)
	var links, loops sync.WaitGroup
	links.Go(func() { l.run(linking) })
	loops.Go(func() { k.run(ctx) })
	loops.Go(func() { p.run(ctx, afterReset) })
	loops.Go(func() { a.heartbeat(ctx, k.pulse, l.pulse, p.pulse) })
	a.status.update(func(f *facts) { f.running = true })

	var reply chan control.ResetResult
	select {
	case <-ctx.Done():
	case reply = <-a.resets:
		a.beginReset()
		unlink(telemetry.ErrForget) // first, while the grant is still good
		links.Wait()
	}
	unlink(nil)
	stop(nil)
	links.Wait()
	loops.Wait()
	return reply
}

// beginReset makes the wish durable before anything is undone.
func (a *Agent) beginReset() {
	a.events.emit("reset", nil)
	if err := a.o.Store.MarkReset(); err != nil {
		a.o.Log.Error("the reset could not be marked: a power cut now would leave it half done", "err", err)
	}
}

// erase revokes and erases everything, alone: the loops have ended.
func (a *Agent) erase(ctx context.Context, reply chan control.ResetResult) {
	result := control.ResetResult{Revoked: true}
	var trouble []error
	if state, err := a.o.Store.Load(); err == nil && state.Grant != nil {
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		err := a.o.Auth.Revoke(own, tokenOf(*state.Grant))
		cancel()
		if err != nil {
			result.Revoked = false
			trouble = append(trouble, errors.New("the grant could not be revoked, remove this device in your account: "+err.Error()))
		}
	}
	queued, stored := a.o.Queue.Erase(), a.o.Store.Erase()
	result.Erased = queued == nil && stored == nil
	if err := errors.Join(append(trouble, queued, stored)...); err != nil {
		result.Detail = err.Error()
	}
	a.status.update(func(f *facts) {
		f.paired, f.pairing, f.beginning = false, nil, false
		clear(f.problems)
		f.wiped = &result
	})
	if !result.Erased {
		a.status.problem("reset", "storage", errors.Join(queued, stored))
	}
	if reply != nil {
		reply <- result
	}
}

// heartbeat calls Alive while all loops answer.
func (a *Agent) heartbeat(ctx context.Context, loops ...pulse) {
	if a.o.Alive == nil || a.o.AliveEvery <= 0 {
		return
	}
	for pause(ctx, a.o.AliveEvery, nil) {
		all := true
		for _, p := range loops {
			all = p.ping(ctx) && all
		}
		if all {
			a.o.Alive()
		}
	}
}
