package agent

import (
	"context"

	"github.com/paird/paird/agent/internal/gesture"
)

// watchButton turns edges into what the user asks for.
func (a *Agent) watchButton(ctx context.Context) {
	hold := holds(a.o)
	edges := a.o.Edges
	for {
		select {
		case <-ctx.Done():
			return
		case answer := <-a.watching:
			answer <- true
		case e, more := <-edges:
			if !more { // the button's driver has ended
				edges = nil
				continue
			}
			if e.Down && a.o.Screen != nil {
				a.o.Screen.Wake()
			}
			if a.checkEdge(e) || a.settingsEdge(e) {
				continue
			}
			var act gesture.Action
			a.status.update(func(f *facts) { f.gesture, act = f.gesture.Next(hold, e) })
			a.act(ctx, act)
		}
	}
}

// act does what the gesture asks for.
func (a *Agent) act(ctx context.Context, act gesture.Action) {
	var begins bool
	a.status.update(func(f *facts) {
		if act != gesture.None {
			f.wiped = nil
		}
		begins = act == gesture.Pair || act == gesture.Click && f.running && !f.paired && f.pairing == nil
		f.early = f.early || act == gesture.Click && !f.running
	})
	switch {
	case act == gesture.Reset:
		go func() {
			if _, err := a.Reset(ctx); err != nil && ctx.Err() == nil {
				a.o.Log.Error("factory reset", "err", err)
			}
		}()
	case begins:
		a.requestPairing()
	}
}

// requestPairing asks the pairer for a code; a request that waits already is enough.
func (a *Agent) requestPairing() {
	select {
	case a.pairRequests <- struct{}{}:
	default:
	}
}
