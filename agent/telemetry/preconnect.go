package telemetry

import (
	"context"
	"net"
	"sync"
	"time"
)

// readyFor is how long a connection waits for its CONNECT. Brokers close one without much later:
// "the Server SHOULD close the connection" (MQTT 3.1.1 section 3.1.4).
const readyFor = 10 * time.Second

// readyConn is at most one connection without a CONNECT on it.
type readyConn struct {
	mu   sync.Mutex
	next *preconnection
}

type preconnection struct {
	done chan struct{} // closed when conn is final
	conn net.Conn      // nil where it failed
}

// Preconnect begins to open TCP and TLS for the next Serve and returns at once, so that the grant can be
// made durable meanwhile. It ends with ctx; a connection that no Serve takes is closed 10 s after. A
// failure is left for Serve to find.
func (l *Link) Preconnect(ctx context.Context) {
	p := &preconnection{done: make(chan struct{})}
	if !l.ready.put(p) {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(ctx, connectLimit)
		defer cancel()
		p.conn, _ = l.openSecure(ctx)
		close(p.done)
		time.AfterFunc(readyFor, func() { l.ready.expire(p) })
	}()
}

// put offers p, unless there is one already.
func (r *readyConn) put(p *preconnection) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next != nil {
		return false
	}
	r.next = p
	return true
}

// take gives the connection, waiting for one that is being made. It is nil where there is none.
func (r *readyConn) take(ctx context.Context) net.Conn {
	r.mu.Lock()
	p := r.next
	r.next = nil
	r.mu.Unlock()
	if p == nil {
		return nil
	}
	select {
	case <-p.done:
		return p.conn
	case <-ctx.Done():
		go p.drop()
		return nil
	}
}

// expire closes p if it was not taken.
func (r *readyConn) expire(p *preconnection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next == p {
		r.next = nil
		p.drop()
	}
}

// drop closes the connection as soon as it is final.
func (p *preconnection) drop() {
	<-p.done
	if p.conn != nil {
		p.conn.Close()
	}
}
