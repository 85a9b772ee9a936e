package agent

import (
	"context"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/internal/gesture"
)

// view is what the panel, the LED and the status show now; changed is closed when a loop reports something new.
func (a *Agent) view() (view, <-chan struct{}) {
	f, changed := a.status.now()
	out := outside{
		now: time.Now(), clockSet: a.o.Clock.Set(), clockSync: a.o.Clock.Synchronised(),
		queue: a.o.Queue.Stats(), queueError: a.o.Queue.Storage(),
	}
	if l := a.o.Link; l != nil {
		out.sent, out.oversized, out.unretained = l.Acked(), l.Oversized(), l.Unretained()
	}
	return newView(a.o, f, out), changed
}

// present keeps the panel, the LED and the line for the service manager up to date until ctx ends.
func (a *Agent) present(ctx context.Context) {
	since := time.Now()
	var shown pattern
	problems := episodes{}
	for {
		v, changed := a.view()
		problems.observe(v, a.events)
		newest(a.lines, inOneLine(v.Status))
		if a.o.Screen != nil {
			s := screen(v)
			a.o.Screen.Show(s)
			a.showNotice(s, v)
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
		a.presenting.wait(ctx, max(0, time.Until(again)), changed, nil)
		if ctx.Err() != nil {
			return
		}
	}
}

// refreshView is how soon the view changes by itself: countdowns each second, everything else is read
// twice a minute.
func refreshView(v view) time.Duration {
	switch {
	case v.held != gesture.None || v.question > 0:
		return 200 * time.Millisecond
	case v.State == control.StatePairing || v.justPaired || v.identify || v.settings.State != 0:
		return time.Second
	}
	return 30 * time.Second
}

// newest puts line in place of what report has not taken yet. Only present calls it.
func newest(lines chan string, line string) {
	select {
	case <-lines:
	default:
	}
	lines <- line
}

// report gives the service manager a line for people whenever it changes, until ctx ends. It is a loop of its own: a
// manager that is busy takes the line late, and the panel does not wait for it.
func (a *Agent) report(ctx context.Context) {
	for said := ""; ; {
		select {
		case <-ctx.Done():
			return
		case line := <-a.lines:
			if line != said {
				said = line
				a.o.Say(line)
			}
		}
	}
}

// inOneLine is the status for `systemctl status`, which every user of the board may read, whatever control.status says: it
// has neither code nor account nor the detail of a problem. It is pure.
func inOneLine(s control.Status) string {
	line := map[control.State]string{
		control.StateStarting: "starting",
		control.StateClock:    "waiting for the time",
		control.StateUnpaired: "not paired: press the button, or run `paird pair`",
		control.StatePairing:  "waiting for approval",
		control.StatePaired:   "paired",
	}[s.State]
	switch {
	case s.Problem != nil:
		line += "; problem " + string(s.Problem.Code) + ", see `paird status`"
	case s.State == control.StatePaired && s.Broker != nil:
		line += ", broker " + s.Broker.State
	}
	return line
}

// pattern is how the LED blinks: lit for on, dark for off, repeated. on without off is steady light;
// the zero pattern is dark.
type pattern struct{ on, off time.Duration }

// The patterns can be distinguished across a room: the faster, the more urgent.
var (
	dark     = pattern{}
	steady   = pattern{on: time.Hour}
	waiting  = pattern{100 * time.Millisecond, 2900 * time.Millisecond} // a press begins pairing
	asking   = pattern{500 * time.Millisecond, 500 * time.Millisecond}  // a code is shown
	trouble  = pattern{100 * time.Millisecond, 900 * time.Millisecond}
	question = pattern{50 * time.Millisecond, 50 * time.Millisecond} // another press erases everything
	here     = pattern{200 * time.Millisecond, 100 * time.Millisecond}
)

// led chooses the pattern. It is pure.
func led(v view) pattern {
	switch {
	case v.question > 0:
		return question
	case v.identify || v.check:
		return here
	case v.wiped != nil:
		return dark
	case v.State == control.StatePairing:
		return asking
	case v.Problem != nil && v.Problem.Code != control.ProblemDenied && v.Problem.Code != control.ProblemExpired:
		return trouble
	case v.State == control.StatePaired:
		return steady
	case v.State == control.StateUnpaired:
		return waiting
	}
	return dark
}

// lit reports whether the LED is on at now and when that changes; the zero time is never.
func (p pattern) lit(since, now time.Time) (bool, time.Time) {
	if p.off == 0 {
		return p.on > 0, time.Time{}
	}
	whole := p.on + p.off
	at := now.Sub(since) % whole
	if at < p.on {
		return true, now.Add(p.on - at)
	}
	return false, now.Add(whole - at)
}
