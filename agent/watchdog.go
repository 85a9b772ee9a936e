package agent

import (
	"context"
	"sync"
	"time"
)

// pulse is how a loop shows that it is alive: whatever it waits for, it also answers pings.
type pulse chan chan<- struct{}

// ping asks once and reports whether the loop answered before ctx ended.
func (p pulse) ping(ctx context.Context) bool {
	answer := make(chan struct{}, 1)
	select {
	case p <- answer:
	case <-ctx.Done():
		return false
	}
	select {
	case <-answer:
		return true
	case <-ctx.Done():
		return false
	}
}

// forever is a wait without an end of its own.
const forever time.Duration = -1

// wakeup is what ended a wait.
type wakeup int

const (
	timeUp wakeup = iota // or the context's end
	first
	second
)

// wait waits for d, for ctx, or for one of two channels (nil: never).
func (p pulse) wait(ctx context.Context, d time.Duration, one, two <-chan struct{}) wakeup {
	var over <-chan time.Time
	if d >= 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		over = t.C
	}
	for {
		select {
		case <-ctx.Done():
			return timeUp
		case <-over:
			return timeUp
		case <-one:
			return first
		case <-two:
			return second
		case answer := <-p:
			answer <- struct{}{}
		}
	}
}

// await runs fn beside the loop, which goes on answering, and returns when fn has returned.
func (p pulse) await(fn func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		fn()
	}()
	p.wait(context.Background(), forever, done, nil)
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

// withHeartbeat runs fn, which waits by p, with a heartbeat of its own.
func (a *Agent) withHeartbeat(ctx context.Context, fn func(p pulse)) {
	ctx, stop := context.WithCancel(ctx)
	p := make(pulse)
	var beat sync.WaitGroup
	beat.Go(func() { a.heartbeat(ctx, p) })
	fn(p)
	stop()
	beat.Wait()
}

// pause waits for d or for changed; it is false when ctx has ended.
func pause(ctx context.Context, d time.Duration, changed <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
	case <-changed:
	}
	return ctx.Err() == nil
}
