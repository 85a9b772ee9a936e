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
	writeLimit  = 10 * time.Second       // for one packet, whatever the type
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
	in      *bufio.Reader
	frames  framer
	turn    chan struct{} // held while writing; no mutex, so that a stalled write can be waited for
	welcome atomic.Bool   // CONNACK 0 was read
	left    atomic.Bool   // DISCONNECT is written
	closing atomic.Bool
	closed  chan struct{} // the connection is useless
	ended   chan struct{} // the peer will say nothing more

	mu   sync.Mutex
	why  error
	once sync.Once
}

func newWire(conn net.Conn) *wire {
	return &wire{
		Conn: conn, in: bufio.NewReader(conn), turn: make(chan struct{}, 1),
		closed: make(chan struct{}), ended: make(chan struct{}),
	}
}

// Read gives paho what it may see: a refusal or a malformed frame is an error before its last byte.
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.in.Read(p)
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

// Write sends one packet within writeLimit.
func (w *wire) Write(p []byte) (int, error) {
	w.turn <- struct{}{}
	defer func() { <-w.turn }()
	n, err := 0, w.Conn.SetWriteDeadline(time.Now().Add(writeLimit))
	if err == nil {
		n, err = w.Conn.Write(p)
	}
	if err != nil {
		w.abort(err) // part of a packet may be out: nothing can follow it
		return n, lost{err}
	}
	if len(p) == 2 && p[0] == disconnectHeader {
		w.left.Store(true)
	}
	return n, nil
}

// SetWriteDeadline does nothing: Write has its own limit, and paho's would end another's write.
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

// hurry ends a connection that has no CONNACK yet.
func (w *wire) hurry() {
	if w.greeted() != nil {
		w.abort(errLeft)
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
