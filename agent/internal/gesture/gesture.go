package gesture

import "time"

// Edge is one debounced change of the button.
type Edge struct {
	Down bool
	At   time.Time
}

// Action is what the user means.
type Action int

// The actions. Click is a press shorter than PairHold; Ask asks for the press that means Reset.
const (
	None Action = iota
	Click
	Pair
	Ask
	Reset
)

// ConfirmWithin is how long the question of a factory reset stays open.
const ConfirmWithin = 10 * time.Second

// Config holds the thresholds. ResetHold 0 means that a reset by button does not exist.
type Config struct{ PairHold, ResetHold time.Duration }

// State is where the button is. The zero State is a button at rest.
type State struct {
	Down   bool
	Since  time.Time // of Down
	Asking time.Time // the question of a reset is open until then; zero when it is not
	spent  bool      // this press answered the question: letting go means nothing more
}

// Next takes an edge and says what it means. Edges that repeat the present level mean nothing.
func (s State) Next(c Config, e Edge) (State, Action) {
	switch {
	case e.Down == s.Down:
		return s, None
	case e.Down:
		answered := !s.Asking.IsZero() && e.At.Before(s.Asking)
		next := State{Down: true, Since: e.At, spent: answered}
		if answered {
			return next, Reset
		}
		return next, None
	case s.spent:
		return State{}, None
	}
	return release(c, e.At, e.At.Sub(s.Since))
}

func release(c Config, at time.Time, held time.Duration) (State, Action) {
	switch {
	case c.ResetHold > 0 && held >= c.ResetHold:
		return State{Asking: at.Add(ConfirmWithin)}, Ask
	case held >= c.PairHold:
		return State{}, Pair
	}
	return State{}, Click
}

// Question is how long the question of a reset stays open, 0 when none is.
func (s State) Question(now time.Time) time.Duration {
	if s.Asking.IsZero() {
		return 0
	}
	return max(0, s.Asking.Sub(now))
}

// Stuck reports whether the button is down for three times what the longest gesture takes.
func (s State) Stuck(c Config, now time.Time) bool {
	return s.Down && now.Sub(s.Since) >= 3*max(c.PairHold, c.ResetHold)
}

// Held says what letting go at now would mean, and how long until it would mean the next thing (0: nothing
// more to come). It is None, 0 while the button is up, and when it is stuck.
func (s State) Held(c Config, now time.Time) (Action, time.Duration) {
	if !s.Down || s.spent || s.Stuck(c, now) {
		return None, 0
	}
	held := now.Sub(s.Since)
	switch {
	case c.ResetHold > 0 && held >= c.ResetHold:
		return Ask, 0
	case held >= c.PairHold && c.ResetHold > 0:
		return Pair, c.ResetHold - held
	case held >= c.PairHold:
		return Pair, 0
	}
	return Click, c.PairHold - held
}
