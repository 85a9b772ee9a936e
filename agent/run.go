package agent

import (
	"context"
	"sync"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/internal/remote"
	"github.com/paird/paird/agent/telemetry"
)

// Run runs the device until ctx ends: the three loops, and on request a factory reset between two runs
// of them. A reset that a power cut interrupted is finished first.
func (a *Agent) Run(ctx context.Context) error {
	defer close(a.ended)
	var beside sync.WaitGroup
	defer beside.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	beside.Go(func() { a.present(ctx) })
	beside.Go(func() { a.watchButton(ctx) })
	if a.o.Say != nil {
		beside.Go(func() { a.report(ctx) })
	}
	marked, reply := a.resetMarked(ctx)
	if marked {
		a.erase(ctx, reply)
	}
	for ctx.Err() == nil {
		if reply := a.runLoops(ctx, marked); reply != nil {
			a.erase(ctx, reply)
			marked = true
		}
	}
	return nil
}

// resetMarked reads whether a reset was begun and is not done: before anything else, and however long the disk
// takes to answer. A request for a reset (reply) ends the wait.
func (a *Agent) resetMarked(ctx context.Context) (marked bool, reply chan control.ResetResult) {
	a.withHeartbeat(ctx, func(p pulse) {
		for ctx.Err() == nil && reply == nil {
			var err error
			marked, err = a.o.Store.ResetMarked()
			a.status.problem("store", control.ProblemStorage, err)
			if err == nil {
				return
			}
			reply = a.nextTry(ctx, p)
		}
	})
	return marked || reply != nil, reply
}

// runLoops runs the loops until ctx ends (nil) or a reset is asked for.
func (a *Agent) runLoops(ctx context.Context, afterReset bool) (reply chan control.ResetResult) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	k := newKeeper(a.o, a.status, a.events)
	l := newLinker(a.o, a.status, a.events, k)
	p := newPairer(a.o, a.status, a.events, k, a.pairRequests)
	a.keeper <- k
	defer func() { <-a.keeper }()

	linking, unlink := context.WithCancelCause(ctx)
	defer unlink(nil)
	retire := make(chan struct{})
	var links, loops, keeping sync.WaitGroup
	links.Go(func() { l.run(linking) })
	loops.Go(func() { p.run(ctx, afterReset) })
	loops.Go(func() { a.housekeeping(ctx, k) })
	loops.Go(func() {
		a.heartbeat(ctx, map[string]pulse{
			"keeper": k.pulse, "linker": l.pulse, "pairer": p.pulse, "panel": a.presenting, "button": a.watching,
		})
	})
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
	close(retire) // last: no other loop runs that could hand the keeper a grant
	keeping.Wait()
	return reply
}

const (
	housekeepingEvery = time.Minute
	// floorEvery is how often the trusted time is saved, for boards whose clock starts in the past. Each time
	// costs 12 KB of flash.
	floorEvery = 6 * time.Hour
)

// housekeeping reports every minute what was set aside, and saves the trusted time every floorEvery.
func (a *Agent) housekeeping(ctx context.Context, k *keeper) {
	select {
	case <-ctx.Done():
		return
	case <-k.ready:
	}
	var saved time.Time
	for {
		a.reportQuarantined()
		if _, gen, _ := k.current(); gen != 0 && (saved.IsZero() || time.Since(saved) >= floorEvery) && a.saveFloor() {
			saved = time.Now()
		}
		if remote.Wait(ctx, housekeepingEvery) != nil {
			return
		}
	}
}

// saveFloor keeps the present time for the next start, if the kernel says that it is synchronised.
func (a *Agent) saveFloor() bool {
	s, ok := a.o.Store.(interface{ SetFloor(time.Time) error })
	if !ok || !a.o.Clock.Synchronised() {
		return false
	}
	if err := s.SetFloor(time.Now()); err != nil {
		a.o.Log.Warn("the trusted time could not be saved", "err", err)
		return false
	}
	return true
}

// reportQuarantined sends `store_quarantined` once for each file that store or queue have set aside.
func (a *Agent) reportQuarantined() {
	var notes []string
	if s, ok := a.o.Store.(interface{ Recovered() []string }); ok {
		notes = s.Recovered()
	}
	if q, ok := a.o.Queue.(interface{ Quarantined() string }); ok {
		if path := q.Quarantined(); path != "" {
			notes = append(notes, "the queue was damaged and set aside as "+path)
		}
	}
	for _, note := range notes {
		a.events.emit(control.EventStoreQuarantined, map[string]any{"detail": note})
	}
}
