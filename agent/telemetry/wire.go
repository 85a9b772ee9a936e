package telemetry

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	pingLimit  = 10 * time.Second       // for the answer to a PINGREQ
	writeLimit = 10 * time.Second       // for one write to the socket
	closeLimit = 500 * time.Millisecond // for the broker to close after our DISCONNECT
)

var (
	errSilent = errors.New("the broker does not answer any more")
	errLeft   = errors.New("the session was ended here")
)

// wire is the connection below paho, which takes CONNACK codes of 6 and more for success, writes
// most packets without a limit, accepts any length, checks its keep-alive every five seconds, and
// does not report why a connection ended.
type wire struct {
	net.Conn
	o        wireOptions
	in       packetReader
	out      chan chunk  // more than can be in flight: no sender waits for a slow socket
	accepted atomic.Bool // CONNACK 0 was read
	left     atomic.Bool // DISCONNECT is written
	closing  atomic.Bool
	closed   chan struct{} // the connection is useless
	ended    chan struct{} // the peer has closed its side

	opened  time.Time
	written atomic.Int64 // ns from opened to the last Write
	pinged  atomic.Bool  // a PINGREQ waits for its answer, or for any byte in place of it

	mu   sync.Mutex
	why  error
	once sync.Once
}

type wireOptions struct {
	keepAlive time.Duration   // for CONNECT, in place of paho's 0
	oversized func(oversized) // a PUBLISH was read past
	progress  func()          // something was read or written
}

func newWire(conn net.Conn, o wireOptions) *wire {
	w := &wire{
		Conn: conn, o: o, out: make(chan chunk, 4*windowSize), opened: time.Now(),
		closed: make(chan struct{}), ended: make(chan struct{}),
	}
	w.in = packetReader{in: bufio.NewReader(source{w}), dropped: o.oversized, puback: w.puback}
	go w.flush()
	return w
}

// source is the socket as the packetReader sees it: each read counts as progress.
type source struct{ *wire }

func (s source) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if n > 0 {
		s.o.progress()
		if s.pinged.Swap(false) {
			s.Conn.SetReadDeadline(time.Time{})
		}
	}
	return n, err
}

// lastWritten is when a packet was last handed in for the broker.
func (w *wire) lastWritten() time.Time { return w.opened.Add(time.Duration(w.written.Load())) }

// Read gives paho the packets that it may see.
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.in.Read(p)
	w.accepted.Store(w.in.connacked)
	if err != nil {
		w.fail(err)
		w.once.Do(func() { close(w.ended) })
		return 0, lost{err}
	}
	return n, nil
}

// puback acknowledges a packet that paho does not get (MQTT 3.1.1 section 3.4).
func (w *wire) puback(id uint16) {
	w.Write(binary.BigEndian.AppendUint16([]byte{typePuback, 2}, id))
}

// ping sends a PINGREQ (MQTT 3.1.1 section 3.12). Without an answer in pingLimit the next read fails: a
// deadline that is moved costs no wake-up, as a timer here would.
func (w *wire) ping() error {
	if !w.pinged.Swap(true) {
		if err := w.Conn.SetReadDeadline(time.Now().Add(pingLimit)); err != nil {
			return err
		}
	}
	_, err := w.Write([]byte{typePingreq, 0})
	return err
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
		w.awaitClose()
	}
	w.fail(errSilent)
	close(w.closed)
	return w.Conn.Close()
}

// awaitClose closes our side and waits until the broker has closed its own.
func (w *wire) awaitClose() {
	if half, ok := w.Conn.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	within(closeLimit, w.ended)
}

// abort ends the connection at once, for the reason given.
func (w *wire) abort(reason error) {
	w.fail(reason)
	w.left.Store(false)
	w.Conn.Close()
	w.Close()
}

// cancelConnect ends a connection that has no CONNACK yet. The broker may have the will already. A swap takes it
// back: "Clients are allowed to send further Control Packets immediately after sending a CONNECT Packet" (MQTT
// 3.1.1 section 3.1.4), DISCONNECT too. At any other end it is to be published.
func (w *wire) cancelConnect(cause error) {
	if w.connectError() == nil {
		return
	}
	if !errors.Is(cause, ErrSwap) {
		w.abort(errLeft)
		return
	}
	stuck := time.AfterFunc(flushLimit, func() { w.abort(errLeft) })
	defer stuck.Stop()
	if _, err := w.Write([]byte{typeDisconnect, 0}); err == nil {
		w.Close()
	}
}

// connectError is nil once the CONNACK has accepted the connection.
func (w *wire) connectError() error {
	if w.accepted.Load() {
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

// reason is why the connection ended, nil while it is open.
func (w *wire) reason() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.why
}

// lost hides the text of net.ErrClosed, after which paho reports nothing and hangs.
type lost struct{ err error }

func (lost) Error() string   { return "connection lost" }
func (l lost) Unwrap() error { return l.err }

// gathered is about how many bytes go into one write to the socket.
const gathered = 16 << 10

// chunk is a packet on its way to the socket.
type chunk struct {
	b       []byte
	written chan struct{} // closed when the socket has it; nil if nothing waits for it
}

// Write takes one packet. Those that come while the socket is busy leave together, in one write; a
// failure shows at the next call. DISCONNECT is written when Write returns.
func (w *wire) Write(p []byte) (int, error) {
	c := chunk{b: slices.Clone(p)}
	if p[0] == typeConnect {
		setKeepAlive(c.b, w.o.keepAlive)
	}
	last := len(p) == 2 && p[0] == typeDisconnect
	if last {
		c.written = make(chan struct{})
	}
	select {
	case w.out <- c:
		w.written.Store(int64(time.Since(w.opened)))
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

// setKeepAlive puts the keep-alive, in seconds, into a CONNECT. It stands behind the fixed header, the
// protocol's name and level and the flags (MQTT 3.1.1 section 3.1.2.10).
func setKeepAlive(connect []byte, d time.Duration) {
	at := 1
	for connect[at]&0x80 != 0 {
		at++
	}
	at += 1 + len("\x00\x04MQTT") + 2
	binary.BigEndian.PutUint16(connect[at:], uint16(d/time.Second))
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

// push writes b, within writeLimit. A deadline that stays behind a write would wake the process when it passes.
func (w *wire) push(b []byte) error {
	if err := w.Conn.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return err
	}
	_, err := w.Conn.Write(b)
	w.o.progress()
	return cmp.Or(err, w.Conn.SetWriteDeadline(time.Time{}))
}
