package agent

import (
	"context"
	"time"
)

const (
	choresEvery = time.Minute
	// floorEvery is how often the trusted time is saved. It serves boards that wake up in the past; more
	// often would only wear the flash (12 KB each time).
	floorEvery = 6 * time.Hour
)

// chores looks every minute whether something was set aside, and saves the trusted time now and then.
func (a *Agent) chores(ctx context.Context, k *keeper) {
	select {
	case <-ctx.Done():
		return
	case <-k.ready:
	}
	var saved time.Time
	for {
		a.tellQuarantined()
		if _, gen, _ := k.current(); gen != 0 && (saved.IsZero() || time.Since(saved) >= floorEvery) && a.saveFloor() {
			saved = time.Now()
		}
		if !pause(ctx, choresEvery, nil) {
			return
		}
	}
}

// saveFloor keeps the last trusted time, if it is one: only what the kernel vouches for.
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

// tellQuarantined sends `store_quarantined` once for each thing that store or queue have set aside.
func (a *Agent) tellQuarantined() {
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
		a.o.Log.Warn("storage was put right", "note", note)
		a.events.emit("store_quarantined", map[string]any{"detail": note})
	}
}
