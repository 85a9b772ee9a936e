package hal

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// openButton watches a button on a pin until the function it returns is called.
func openButton(hw Hardware, o Options, e *edges) (stop func() error, err error) {
	line, err := hw.Line(o.ButtonPin)
	if err != nil {
		return nil, fmt.Errorf("button: %w", err)
	}
	idle := gpio.PullDown
	if o.ActiveLow {
		idle = gpio.PullUp
	}
	if err := line.In(idle, gpio.BothEdges); err != nil {
		return nil, errors.Join(fmt.Errorf("button: %w", err), line.Close())
	}
	return watchButton(contact{line, gpio.Level(!o.ActiveLow)}, e, o.Log), nil
}

// contact is a button's pin and the level it has when pressed.
type contact struct {
	Line
	pressed gpio.Level
}

// watchButton sends the edges of a pin until the function it returns is called.
func watchButton(pin contact, e *edges, log *slog.Logger) (stop func() error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		readButton(pin, e, log)
	}()
	return func() error {
		err := pin.Close()
		<-done
		return err
	}
}

func readButton(pin contact, e *edges, log *slog.Logger) {
	var d debounce
	for failed := false; ; {
		err := buttonStep(pin, &d, e)
		switch {
		case errors.Is(err, os.ErrClosed) || e.isClosed():
			return
		case err == nil:
			failed = false
			continue
		case !failed:
			log.Error("the button cannot be read", "err", err)
			failed = true
		}
		time.Sleep(time.Second) // a pin that fails at once must not keep the processor busy
	}
}

// buttonStep reads the level, sends the edge that is certain, and waits for the next change.
func buttonStep(pin contact, d *debounce, e *edges) error {
	level := pin.Read()
	if err := pin.Err(); err != nil {
		return err
	}
	if edge, ok := d.see(level == pin.pressed, time.Now()); ok {
		e.put(edge.Down, edge.At)
	}
	pin.WaitForEdge(d.wait(time.Now()))
	return pin.Err()
}

// settleTime is how long a contact must keep its level before the level counts: ten times what tact switches
// bounce, and short to a finger.
const settleTime = 20 * time.Millisecond

// debounce turns the levels of a bouncing contact into edges. It is pure: it knows the time only from its caller.
type debounce struct {
	stable bool      // the level of the last edge
	raw    bool      // the level seen last
	since  time.Time // when raw changed last
}

// see takes the level at a time and returns the edge that is certain by then, if there is one.
func (d *debounce) see(level bool, now time.Time) (Edge, bool) {
	if level != d.raw {
		d.raw, d.since = level, now
	}
	if d.raw == d.stable || now.Sub(d.since) < settleTime {
		return Edge{}, false
	}
	d.stable = d.raw
	return Edge{Down: d.stable, At: d.since}, true
}

// wait is how long the level need not be seen again if nothing changes; below 0: not before it changes.
func (d *debounce) wait(now time.Time) time.Duration {
	if d.raw == d.stable {
		return -1
	}
	return max(0, settleTime-now.Sub(d.since))
}

// edges merges the edges of all buttons into one channel.
type edges struct {
	out    chan Edge
	closed chan struct{}
}

func newEdges() *edges {
	return &edges{out: make(chan Edge, 16), closed: make(chan struct{})}
}

// put sends one edge and waits while the reader is 16 edges behind: a lost edge would leave the button down.
func (e *edges) put(down bool, at time.Time) {
	select {
	case e.out <- Edge{Down: down, At: at}:
	case <-e.closed:
	}
}

// isClosed reports whether the board is closed.
func (e *edges) isClosed() bool {
	select {
	case <-e.closed:
		return true
	default:
		return false
	}
}

func (e *edges) close() error {
	close(e.closed)
	return nil
}
