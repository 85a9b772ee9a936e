package hal

import "time"

// edges gathers the edges of all buttons into one channel.
type edges struct {
	out    chan Edge
	closed chan struct{}
}

func newEdges() *edges {
	return &edges{out: make(chan Edge, 16), closed: make(chan struct{})}
}

// put hands one edge to whoever reads, and waits for him when he is far behind: an edge lost would leave the
// button down for ever.
func (e *edges) put(down bool, at time.Time) {
	select {
	case e.out <- Edge{Down: down, At: at}:
	case <-e.closed:
	}
}

// isClosed tells whether nobody reads any more.
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
