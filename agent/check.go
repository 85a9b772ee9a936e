package agent

import (
	"context"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/internal/gesture"
)

// checkFor bounds a check: after it button and panel have their usual meaning again.
const checkFor = 3 * time.Minute

// Check is GET /v1/check: a person looks at the board. Until ctx ends the panel shows the test card, the LED blinks, and the
// edges of the button go to the caller. They mean nothing else: no press of a check pairs, resets or answers a question.
func (a *Agent) Check(ctx context.Context) (<-chan []byte, error) {
	edges, taken := make(chan []byte, 16), false
	a.status.update(func(f *facts) {
		if taken = f.check != nil; !taken {
			f.check = edges
		}
	})
	if taken {
		return nil, &control.Error{Code: control.Busy, Message: "the board is being checked by another program"}
	}
	ctx, stop := context.WithTimeout(ctx, checkFor)
	context.AfterFunc(ctx, func() {
		stop()
		a.status.update(func(f *facts) { f.check = nil; close(edges) })
	})
	return edges, nil
}

// checkEdge reports whether an edge of the button belongs to a check. A press that began before it means nothing either.
func (a *Agent) checkEdge(e Edge) (belongs bool) {
	a.status.update(func(f *facts) {
		if belongs = f.check != nil; !belongs {
			return
		}
		f.gesture, f.notice.down = gesture.State{}, time.Time{}
		edge := control.ButtonUp
		if e.Down {
			edge = control.ButtonDown
		}
		select {
		case f.check <- []byte(edge):
		default: // the caller does not read
		}
	})
	return belongs
}
