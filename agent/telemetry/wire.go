package telemetry

import (
	"bufio"
	"cmp"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	writeLimit  = 10 * time.Second       // for one write to the socket
	lingerLimit = 500 * time.Millisecond // for the broker to close after our DISCONNECT
)

var (
	errSilent = errors.New("the broker does not answer any more")
	errLeft   = errors.New("the session was ended here")
)

// wire is the connection below paho, which takes CONNACK codes of 6 and more for success, writes
// most packets without a limit, believes any length, and keeps to itself why a connection ended.
type wire struct {
	net.Conn
	progress *atomic.Uint64
	in       *bufio.Reader
	frames   framer
	out      chan chunk  // more than can be in flight: nobody waits for a slow socket
	welcome  atomic.Bool // CONNACK 0 was read
	left     atomic.Bool // DISCONNECT is written
	closing  atomic.Bool
	closed   chan struct{} // the connection is useless
	ended    chan struct{} // the peer will say nothing more

	mu   sync.Mutex
	why  error
	once sync.Once
}

func newWire(conn net.Conn, progress *atomic.Uint64) *wire {
	w := &wire{
		Conn: conn, progress: progress, in: bufio.NewReader(conn), out: make(chan chunk, 4*windowSize),
		closed: make(chan struct{}), ended: make(chan struct{}),
	}
	go w.flush()
	return w
}

// Read gives paho what it may see: a refusal or a malformed frame is an error before its last byte.
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.in.Read(p)
	w.progress.Add(1)
	if err == nil {
		err = w.frames.feed(p[:n])
		w.welcome.Store(w.frames.welcome)
	}
	if err != nil {
		w.fail(err)
		w.once.Do(func() { close(w.ended) })
		return 0, lost{err}
	}
	return n, nil
}

// SetDeadline is paho's limit for the CONNACK. Writing has limits of its own.
func (w *wire) SetDeadline(t time.Time) error { return w.Conn.SetReadDeadline(t) }

// SetWriteDeadline does nothing: see SetDeadline.
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

// Close waits for the broker to close first when DISCONNECT was sent: a socket closed with
// unread bytes is reset, and the reset may overtake the DISCONNECT, which would publish the will.
func (w *wire) Close() error {
	if !w.closing.CompareAndSwap(false, true) {
		return nil
	}
	if w.left.Load() {
		w.fail(errLeft)
		w.linger()
	}
	w.fail(errSilent)
	close(w.closed)
	return w.Conn.Close()
}

func (w *wire) linger() {
	if half, ok := w.Conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	select {
	case <-w.ended:
	case <-time.After(lingerLimit):
	}
}

// abort ends the connection at once, for the reason given.
func (w *wire) abort(reason error) {
	w.fail(reason)
	w.left.Store(false)
	w.Conn.Close()
	w.Close()
}

// hurry ends a connection that has no CONNACK yet. The broker may have the will already. A swap takes it
// back: "Clients are allowed to send further Control Packets immediately after sending a CONNECT Packet"
// (MQTT 3.1.1 section 3.1.4), DISCONNECT too. Any other end wants it published.
func (w *wire) hurry(cause error) {
	if w.greeted() == nil {
		return
	}
	if !errors.Is(cause, ErrSwap) {
		w.abort(errLeft)
		return
	}
	stuck := time.AfterFunc(flushLimit, func() { w.abort(errLeft) })
	defer stuck.Stop()
	if _, err := w.Write([]byte{disconnectHeader, 0}); err == nil {
		w.Close()
	}
}

// greeted is nil once the CONNACK said yes.
func (w *wire) greeted() error {
	if w.welcome.Load() {
		return nil
	}
	return cmp.Or(w.reason(), errNoConnack)
}

// fail keeps the first reason.
func (w *wire) fail(reason error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.why == nil {
		w.why = reason
	}
}

// reason is why the connection ended, nil while it lives.
func (w *wire) reason() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.why
}

// lost hides the text of net.ErrClosed, on which paho decides to say nothing and hang.
type lost struct{ err error }

func (lost) Error() string   { return "connection lost" }
func (l lost) Unwrap() error { return l.err }
