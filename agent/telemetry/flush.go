package telemetry

import (
	"slices"
	"time"
)

// gathered is about how many bytes go into one write to the socket.
const gathered = 16 << 10

// chunk is a packet on its way to the socket.
type chunk struct {
	b       []byte
	written chan struct{} // closed when the socket has it; nil if nobody waits
}

// Write takes one packet. Those that come while the socket is busy leave together, in one write; a
// failure shows at the next call. DISCONNECT is written when Write returns.
func (w *wire) Write(p []byte) (int, error) {
	c := chunk{b: slices.Clone(p)}
	last := len(p) == 2 && p[0] == disconnectHeader
	if last {
		c.written = make(chan struct{})
	}
	select {
	case w.out <- c:
	case <-w.closed:
		return 0, lost{w.reason()}
	}
	if last {
		select {
		case <-c.written:
			w.left.Store(true)
		case <-w.closed:
		}
	}
	return len(p), nil
}

// flush writes what Write took, until the connection ends.
func (w *wire) flush() {
	var b []byte
	for {
		select {
		case <-w.closed:
			return
		case c := <-w.out:
			var waiting []chan struct{}
			b, waiting = w.gather(b[:0], c)
			if err := w.push(b); err != nil {
				w.abort(err) // part of a packet may be out: nothing can follow it
				return
			}
			for _, written := range waiting {
				close(written)
			}
		}
	}
}

// gather appends c and what waits behind it to b.
func (w *wire) gather(b []byte, c chunk) (all []byte, waiting []chan struct{}) {
	for {
		b = append(b, c.b...)
		if c.written != nil {
			waiting = append(waiting, c.written)
		}
		if len(b) >= gathered {
			return b, waiting
		}
		select {
		case c = <-w.out:
		default:
			return b, waiting
		}
	}
}

func (w *wire) push(b []byte) error {
	if err := w.Conn.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return err
	}
	_, err := w.Conn.Write(b)
	w.progress.Add(1)
	return err
}
