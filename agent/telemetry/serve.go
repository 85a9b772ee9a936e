package telemetry

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

const (
	ackLimit   = 30 * time.Second // for a PUBACK or SUBACK
	swapLimit  = 5 * time.Second  // for what is in flight when the token is swapped
	resetLimit = 2 * time.Second  // for the event `reset` to be sent before a reset goes on
	byeLimit   = 700 * time.Millisecond
	flushLimit = 300 * time.Millisecond // for the DISCONNECT to be written
	handLimit  = 3 * time.Second        // for paho to take a packet: wire never makes it wait
)

var (
	errNoAck = errors.New("the broker does not acknowledge")
)

// Serve runs one session: CONNECT, `online`, then the queue, until ctx ends or the connection does.
// It calls online once the broker has acknowledged the birth message. When ctx ends it returns its
// cause, having obeyed it; when the token of the login ends, ErrTokenOver; else an *Error.
func (l *Link) Serve(ctx context.Context, c Credentials, online func()) error {
	until := l.tokenEnd(c, time.Now())
	s, err := l.connect(ctx, c, until)
	if err == nil {
		err = s.run(ctx, online)
	}
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == BrokerAuth && passed(until) {
		err = ErrTokenOver // the broker was the first to notice
	}
	if !errors.Is(err, ErrSwap) {
		l.queue.Online(false)
	}
	return err
}

// session is one connection. Its fields belong to the goroutine in Serve.
type session struct {
	*Link
	client    paho.Client
	wire      *wire
	unreached error       // why there is no wire
	reused    bool        // the connection is one that Preconnect made
	calm      func() bool // ends the watch over a wire without CONNACK
	since     time.Time   // CONNACK
	until     time.Time   // when the token expires, zero if that does not matter
	phase     phase
	flights   []flight
	sent      time.Time     // the last record
	reset     uint64        // the record of the event `reset`, 0 before
	resetTold bool          // it was acknowledged
	out       chan outgoing // from other goroutines
}

// outgoing is a message of this session alone: an answer, an announcement.
type outgoing struct {
	topic    string
	retained bool
	payload  []byte
}

// connect gets as far as the CONNACK.
func (l *Link) connect(ctx context.Context, c Credentials, until time.Time) (*session, error) {
	id, err := l.identity(c)
	if err != nil {
		return nil, &Error{Kind: Misconfigured, Detail: plain(err), Err: err}
	}
	if passed(until) {
		return nil, ErrTokenOver
	}
	s, err := l.attempt(ctx, id, until)
	if s.reused && isEnd(err) { // the broker did not wait for the CONNECT on it
		s, err = l.attempt(ctx, id, until)
	}
	switch {
	case err == nil:
		return s, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	return nil, l.at.explain(err)
}

// attempt opens one connection and gets as far as the CONNACK.
func (l *Link) attempt(ctx context.Context, id identity, until time.Time) (*session, error) {
	s := &session{Link: l, until: until, out: make(chan outgoing, windowSize)}
	o := l.clientOptions(id).SetCustomOpenConnectionFn(func(*url.URL, paho.ClientOptions) (net.Conn, error) {
		return s.open(ctx, id.header)
	})
	s.client = paho.NewClient(o)
	connected := s.client.Connect()
	connected.Wait() // ends with ctx, by open or hurry
	s.since = time.Now()
	return s, s.greeted(connected)
}

// open is paho's dial function.
func (s *session) open(ctx context.Context, header http.Header) (net.Conn, error) {
	conn, reused, err := s.Link.open(ctx, header)
	s.reused = reused
	if err != nil {
		s.unreached = err
		return nil, err
	}
	s.wire = newWire(conn, &s.progress)
	s.calm = context.AfterFunc(ctx, func() { s.wire.hurry(context.Cause(ctx)) })
	return s.wire, nil
}

// greeted is why there is no session, or nil. paho's own words come last.
func (s *session) greeted(connected paho.Token) error {
	if s.wire == nil {
		return cmp.Or(s.unreached, connected.Error())
	}
	s.calm()
	return cmp.Or(s.wire.greeted(), connected.Error())
}

func (l *Link) clientOptions(id identity) *paho.ClientOptions {
	return paho.NewClientOptions().
		AddBroker("mqtt://broker"). // paho wants one; the custom dial function knows better
		SetClientID(id.clientID).SetUsername(id.username).SetPassword(id.password).
		SetStore(noStore{}).SetProtocolVersion(4).SetCleanSession(true).SetAutoReconnect(false).SetConnectRetry(false).
		SetOrderMatters(false).SetKeepAlive(l.o.KeepAlive).SetPingTimeout(10*time.Second).
		SetConnectTimeout(connectLimit).SetWriteTimeout(handLimit).
		SetBinaryWill(l.topic+"/status", []byte("offline"), 1, true)
}

// run goes through the phases and leaves as the reason demands.
func (s *session) run(ctx context.Context, online func()) error {
	err := s.begin(ctx)
	if err == nil {
		s.phase = serving
		s.queue.Online(true)
		online()
		err = s.drain(ctx)
	}
	if s.wire.reason() == nil {
		s.leave(err)
	}
	return s.conclude(ctx, err)
}
