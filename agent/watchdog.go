package agent

import (
	"context"
	"math"
	"sync"
	"time"
)

// pulse is how a loop shows that it is alive: whatever it waits for, it also answers pings. The answer is
// false when what it awaits from elsewhere takes longer than it may.
type pulse chan chan<- bool

// ping asks once and reports the answer; it waits for one until ctx ends.
func (p pulse) ping(ctx context.Context) bool {
	answer := make(chan bool, 1)
	select {
	case p <- answer:
	case <-ctx.Done():
		return false
	}
	select {
	case alive := <-answer:
		return alive
	case <-ctx.Done():
		return false
	}
}

// noLimit as a duration is a wait without a time limit. It is not -1, because time.Until of a moment that has just passed may be.
const noLimit time.Duration = math.MinInt64

// wakeup is what ended a wait.
type wakeup int

const (
	timeUp wakeup = iota // or the context's end
	first
	second
)

// wait waits for d (not at all where it is negative), for ctx, or for one of two channels (nil: never).
func (p pulse) wait(ctx context.Context, d time.Duration, one, two <-chan struct{}) wakeup {
	return p.watch(ctx, d, one, two, watched)
}

// watch is wait with the given answer to pings.
func (p pulse) watch(ctx context.Context, d time.Duration, one, two <-chan struct{}, alive func() bool) wakeup {
	var over <-chan time.Time
	if d != noLimit {
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
			answer <- alive()
		}
	}
}

// await runs fn beside the loop, which goes on answering, and returns when fn has returned.
func (p pulse) await(fn func(), alive func() bool) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		fn()
	}()
	p.watch(context.Background(), noLimit, done, nil, alive)
}

// watched always answers true: what is awaited has a pulse of its own.
func watched() bool { return true }

// within is an answer to pings: true until limit is over.
func within(limit time.Duration) func() bool {
	deadline := time.Now().Add(limit)
	return func() bool { return time.Now().Before(deadline) }
}

// progressing is an answer to pings: true while count changes at least once in every stall.
func progressing(stall time.Duration, count func() uint64) func() bool {
	last, moved := count(), time.Now()
	return func() bool {
		if now := count(); now != last {
			last, moved = now, time.Now()
		}
		return time.Since(moved) < stall
	}
}

// watchLimit is how long a part of Options.Watch may take to answer: a panel does not while it is drawn on, and some
// e-paper takes 45 s for that.
const watchLimit = time.Minute

// heartbeat calls Alive while all loops, and the parts beside them, answer.
func (a *Agent) heartbeat(ctx context.Context, loops map[string]pulse) {
	if a.o.Alive == nil || a.o.AliveEvery <= 0 {
		return
	}
	t := time.NewTicker(a.o.AliveEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if a.allAnswer(ctx, loops) && ctx.Err() == nil {
			a.o.Alive()
		}
	}
}

// allAnswer asks each loop and part, and logs which does not answer.
func (a *Agent) allAnswer(ctx context.Context, loops map[string]pulse) bool {
	all := true
	for name, p := range loops {
		if !p.ping(ctx) && ctx.Err() == nil {
			a.o.Log.Error("watchdog: a loop hangs", "loop", name)
			all = false
		}
	}
	for name, alive := range a.o.Watch {
		if !a.answers(ctx, alive) && ctx.Err() == nil {
			a.o.Log.Error("watchdog: a part of the daemon hangs", "part", name)
			all = false
		}
	}
	return all
}

// answers reports whether alive returned true within watchLimit. It does not wait longer for one that ignores ctx.
func (a *Agent) answers(ctx context.Context, alive func(context.Context) bool) bool {
	ctx, cancel := context.WithTimeout(ctx, watchLimit)
	defer cancel()
	answer := make(chan bool, 1)
	go func() { answer <- alive(ctx) }()
	select {
	case ok := <-answer:
		return ok
	case <-ctx.Done():
		return false
	}
}

// withHeartbeat runs fn, which waits by p, with a heartbeat of its own.
func (a *Agent) withHeartbeat(ctx context.Context, fn func(p pulse)) {
	ctx, stop := context.WithCancel(ctx)
	p := make(pulse)
	var beat sync.WaitGroup
	beat.Go(func() { a.heartbeat(ctx, map[string]pulse{"reset": p, "panel": a.presenting, "button": a.watching}) })
	fn(p)
	stop()
	beat.Wait()
}
