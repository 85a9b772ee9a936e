package agent

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/display"
)

// edges are those that a check has given so far.
func edges(from <-chan []byte) (all []string) {
	for len(from) > 0 {
		all = append(all, string(<-from))
	}
	return all
}

// No press of a check pairs, resets or answers a question: not of a paired device, not of one that a press would pair.
func TestCheckedPressMeansNothing(t *testing.T) {
	for name, test := range map[string]struct {
		setup func(*lab)
		state control.State
	}{
		"paired": {paired(0, nil), control.StatePaired}, "unpaired": {func(*lab) {}, control.StateUnpaired},
	} {
		t.Run(name, func(t *testing.T) {
			replies := make(chan Reply, 9)
			bubble(t, setups(test.setup, asks(replies, nil)), func(l *lab) {
				l.pass(time.Minute)
				l.Shown(asked)
				l.pass(2 * time.Second)
				l.drain()
				before := l.allEvents()
				ctx, stop := context.WithCancel(l.Context())
				given, err := l.Check(ctx)
				if err != nil {
					l.Fatal(err)
				}
				l.pass(time.Second)
				l.showing(display.TestCard{})
				for _, held := range []time.Duration{click, 3 * time.Second, 12 * time.Second, click} {
					l.press(held)
					if got := edges(given); !slices.Equal(got, []string{`{"down":true}`, `{"down":false}`}) {
						l.Errorf("a press of %v gave %v", held, got)
					}
					l.pass(time.Second)
				}
				l.is(test.state, "")
				if after := l.allEvents(); !slices.Equal(before, after) || len(replies) != 0 {
					l.Errorf("events %v, replies %d", after[len(before):], len(replies))
				}
				l.saw()
				stop()
				l.pass(time.Second)
				l.showing(asked)
			})
		})
	}
}

// A press that only began, or only ended, in a check means nothing either.
func TestPressAcrossACheck(t *testing.T) {
	bubble(t, paired(0, nil), func(l *lab) {
		l.pass(time.Minute)
		before := l.allEvents()
		l.button <- Edge{Down: true, At: time.Now()}
		l.pass(time.Second)
		ctx, stop := context.WithCancel(l.Context())
		given, err := l.Check(ctx)
		if err != nil {
			l.Fatal(err)
		}
		l.pass(5 * time.Second)
		l.button <- Edge{At: time.Now()}
		l.button <- Edge{Down: true, At: time.Now()}
		l.pass(11 * time.Second)
		stop()
		l.pass(time.Second)
		l.button <- Edge{At: time.Now()}
		l.pass(time.Second)
		l.press(click) // the confirmation, had the long press meant a question
		l.pass(time.Second)
		l.is(control.StatePaired, "")
		if after := l.allEvents(); !slices.Equal(before, after) {
			l.Errorf("events %v", after[len(before):])
		}
		if got := edges(given); len(got) != 2 {
			l.Errorf("the check was given %v", got)
		}
	})
}

// A check ends by itself, and there is one at a time. Then the button means what it meant.
func TestCheckEnds(t *testing.T) {
	bubble(t, paired(0, nil), func(l *lab) {
		l.pass(time.Minute)
		first, err := l.Check(l.Context())
		if err != nil {
			l.Fatal(err)
		}
		if _, err := l.Check(l.Context()); code(err) != control.Busy {
			l.Errorf("a second check: %v", err)
		}
		l.pass(checkFor + time.Second)
		if _, more := <-first; more {
			l.Error("it goes on")
		}
		l.showing(display.Online{Sent: 7})
		l.press(3 * time.Second)
		l.is(control.StatePairing, "")
		if _, err := l.Check(l.Context()); err != nil {
			l.Error(err)
		}
	})
}
