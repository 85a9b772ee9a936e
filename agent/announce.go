package agent

import (
	"context"
	"encoding/json"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/internal/gesture"
)

// look is the view of this moment.
func (a *Agent) look() (view, <-chan struct{}) {
	f, changed := a.status.now()
	out := outside{
		now: time.Now(), clockSet: a.o.Clock.Set(), clockSync: a.o.Clock.Synchronised(),
		queue: a.o.Queue.Stats(), queueError: a.o.Queue.Storage(),
	}
	if a.o.Link != nil {
		out.sent = a.o.Link.Acked()
	}
	return see(a.o, f, out), changed
}

// announce keeps the panel and the LED true until ctx ends.
func (a *Agent) announce(ctx context.Context) {
	since := time.Now()
	var shown pattern
	for {
		v, changed := a.look()
		if a.o.Screen != nil {
			a.o.Screen.Show(screen(v))
		}
		if p := led(v); p != shown {
			shown, since = p, v.now
		}
		again := v.now.Add(refreshView(v))
		if a.o.LED != nil {
			on, next := shown.lit(since, v.now)
			if err := a.o.LED(on); err != nil {
				a.o.Log.Debug("LED", "err", err)
			}
			if !next.IsZero() && next.Before(again) {
				again = next
			}
		}
		if !pause(ctx, time.Until(again), changed) {
			return
		}
	}
}

// refreshView is how soon the view changes by itself: countdowns tick, everything else is looked at anew
// twice a minute.
func refreshView(v view) time.Duration {
	switch {
	case v.held != gesture.None || v.question > 0:
		return 200 * time.Millisecond
	case v.State == control.StatePairing || v.greeting || v.identify:
		return time.Second
	}
	return 30 * time.Second
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

// watchButton turns edges into wishes.
func (a *Agent) watchButton(ctx context.Context) {
	hold := gesture.Config{PairHold: a.o.PairHold, ResetHold: a.o.ResetHold}
	for {
		select {
		case <-ctx.Done():
			return
		case e, more := <-a.o.Edges:
			if !more { // the button's driver has ended
				return
			}
			var act gesture.Action
			a.status.update(func(f *facts) { f.gesture, act = f.gesture.Next(hold, e) })
			if e.Down && a.o.Screen != nil {
				a.o.Screen.Wake()
			}
			a.acted(ctx, act)
		}
	}
}

// acted does what the user meant.
func (a *Agent) acted(ctx context.Context, act gesture.Action) {
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
		a.wish()
	}
}

// wish asks the pairer for a code; one that is waiting already is enough.
func (a *Agent) wish() {
	select {
	case a.pairs <- struct{}{}:
	default:
	}
}

// Identify makes panel and LED show which device this is.
func (a *Agent) Identify() {
	a.status.update(func(f *facts) { f.identify = time.Now().Add(identifyFor) })
}

// PanelTrouble reports that the panel does not draw, or, with nil, that it does again.
// What is known already wakes nobody: the panel is drawn on each change.
func (a *Agent) PanelTrouble(err error) {
	a.status.problem("panel", "panel", err)
}

// WaitTrouble reports trouble while a code is being polled for, or, with nil, that it is over.
func (a *Agent) WaitTrouble(code, detail string) {
	a.status.problem("poll", code, textError(detail))
}

// PendingChanged keeps what a server that said slow_down has made of the pending code: RFC 8628 section 3.5, the
// longer interval is for "this and all subsequent requests", those after a restart too.
func (a *Agent) PendingChanged(p deviceauth.Pending) {
	pending := false
	a.status.update(func(f *facts) {
		if pending = f.pairing != nil && f.pairing.DeviceCode == p.DeviceCode; pending {
			f.pairing = &p
		}
	})
	if b, err := json.Marshal(p); pending && err == nil {
		if err := a.o.Store.SavePending(b); err != nil {
			a.o.Log.Warn("the slower interval is not kept over a restart", "err", err)
		}
	}
}
