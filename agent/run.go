package agent

import (
	"context"
	"sync"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/telemetry"
)

// Run runs the device until ctx ends: the three loops, and, when somebody asks for it, a factory reset
// between two lives of them. A reset that a power cut interrupted is finished first.
func (a *Agent) Run(ctx context.Context) error {
	defer close(a.ended)
	var beside sync.WaitGroup
	defer beside.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	beside.Go(func() { a.announce(ctx) })
	beside.Go(func() { a.watchButton(ctx) })
	marked, reply := a.marked(ctx)
	if marked {
		a.erase(ctx, reply)
	}
	for ctx.Err() == nil {
		if reply := a.live(ctx, marked); reply != nil {
			a.erase(ctx, reply)
			marked = true
		}
	}
	return nil
}

// marked reads whether a reset was begun and is not done: before anything else, and however long the disk
// takes to answer. Whoever asks for a reset meanwhile (reply) need not wait for that.
func (a *Agent) marked(ctx context.Context) (marked bool, reply chan control.ResetResult) {
	a.tended(ctx, func(p pulse) {
		for ctx.Err() == nil && reply == nil {
			var err error
			marked, err = a.o.Store.ResetMarked()
			a.status.problem("store", "storage", err)
			if err == nil {
				return
			}
			reply = a.anotherTry(ctx, p)
		}
	})
	return marked || reply != nil, reply
}

// live runs the loops until ctx ends (nil) or a reset is asked for.
func (a *Agent) live(ctx context.Context, afterReset bool) (reply chan control.ResetResult) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	k := newKeeper(a.o, a.status, a.events)
	l := newLinker(a.o, a.status, a.events, k)
	p := newPairer(a.o, a.status, a.events, k, a.pairs)
	a.keeper <- k
	defer func() { <-a.keeper }()

	linking, unlink := context.WithCancelCause(ctx)
	defer unlink(nil)
	retire := make(chan struct{})
	var links, loops, keeping sync.WaitGroup
	links.Go(func() { l.run(linking) })
	loops.Go(func() { p.run(ctx, afterReset) })
	loops.Go(func() { a.chores(ctx, k) })
	loops.Go(func() { a.heartbeat(ctx, k.pulse, l.pulse, p.pulse) })
	keeping.Go(func() { k.run(ctx, retire) })

	select {
	case <-ctx.Done():
	case reply = <-a.resets:
		a.beginReset()
		unlink(telemetry.ErrForget) // first, while the grant is still good
		links.Wait()
	}
	stop(nil)
	links.Wait()
	loops.Wait()
	close(retire) // last, with nobody left who could hand it a grant
	keeping.Wait()
	return reply
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

// tended runs fn, which waits by p, with a heartbeat of its own.
func (a *Agent) tended(ctx context.Context, fn func(p pulse)) {
	ctx, stop := context.WithCancel(ctx)
	p := make(pulse)
	var beat sync.WaitGroup
	beat.Go(func() { a.heartbeat(ctx, p) })
	fn(p)
	stop()
	beat.Wait()
}
