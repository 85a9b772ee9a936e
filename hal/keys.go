package hal

import (
	"io"
	"os"
	"time"

	"github.com/paird/paird/hal/internal/linuxio"
)

// A terminal tells when a key goes down, never when it is let go; a key that is held repeats. So the button is up
// again once no key came for as long as keyboards wait before they repeat.
const letGoAfter = 700 * time.Millisecond

// keyHold turns key strokes into edges. It is pure: it knows the time only from its caller.
type keyHold struct {
	down bool
	last time.Time // the last stroke
}

// stroke takes the space key at a time and returns the edge it means, if any.
func (k *keyHold) stroke(now time.Time) (Edge, bool) {
	k.last = now
	if k.down {
		return Edge{}, false
	}
	k.down = true
	return Edge{Down: true, At: now}, true
}

// letGo returns the edge that is certain when no stroke came until now.
func (k *keyHold) letGo(now time.Time) (Edge, bool) {
	if !k.down || now.Sub(k.last) < letGoAfter {
		return Edge{}, false
	}
	k.down = false
	return Edge{At: now}, true
}

// openKeys makes the space key of the terminal that is drawn on a button. Without a keyboard there is none.
func (b *Board) openKeys(o Options, e *edges) {
	f, ok := o.Terminal.(*os.File)
	if !ok || !linuxio.IsTerminal(f) {
		return
	}
	keyboard, err := linuxio.OpenKeyboard()
	if err != nil {
		o.Log.Info("the space key is no button here", "err", err)
		return
	}
	b.close = append(b.close, watchKeys(keyboard, e))
}

// watchKeys tells presses of the space key until the function it returns is called.
func watchKeys(keyboard io.ReadCloser, e *edges) (stop func() error) {
	strokes := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(strokes)
		var keys [64]byte
		for {
			n, err := keyboard.Read(keys[:])
			if err != nil {
				return
			}
			for _, key := range keys[:n] {
				if key == ' ' {
					strokes <- struct{}{}
				}
			}
		}
	}()
	go func() {
		defer close(done)
		tellKeys(strokes, e)
	}()
	return func() error {
		err := keyboard.Close()
		<-done
		return err
	}
}

// tellKeys turns strokes into edges; the end of the strokes lets go.
func tellKeys(strokes <-chan struct{}, e *edges) {
	var k keyHold
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case _, more := <-strokes:
			if !more {
				return
			}
			if edge, ok := k.stroke(time.Now()); ok {
				e.put(edge.Down, edge.At)
			}
			timer.Reset(letGoAfter)
		case <-timer.C:
			if edge, ok := k.letGo(time.Now()); ok {
				e.put(edge.Down, edge.At)
			}
		}
	}
}
