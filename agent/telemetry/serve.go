package telemetry

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
)

// Serve runs one session: CONNECT, `online`, then the queue, until ctx ends or the connection does.
// It calls online once the broker has acknowledged the birth message. When ctx ends it returns its
// cause, having obeyed it; when the token of the login ends, ErrTokenOver; else an *Error.
func (l *Link) Serve(ctx context.Context, c Credentials, online func()) error {
	until, online := l.tokenEnd(c, time.Now()), sync.OnceFunc(online)
	err := l.serve(ctx, c, until, online)
	for errors.Is(err, errRedeliver) {
		c.NewAccount = false
		err = l.serve(ctx, c, until, online)
	}
	if e, ok := errors.AsType[*Error](err); ok && e.Kind == BrokerAuth && isOver(until) {
		err = ErrTokenOver // the broker was the first to notice
	}
	if !errors.Is(err, ErrSwap) {
		l.queue.Online(false)
	}
	return err
}

// serve is one connection, and around it, where there is an Inbox, the end of a session that the broker
// has kept for another account.
func (l *Link) serve(ctx context.Context, c Credentials, until time.Time, online func()) error {
	who, err := l.login(c)
	if err != nil {
		return &Error{Kind: Misconfigured, Detail: plain(err), Err: err}
	}
	if isOver(until) {
		return ErrTokenOver
	}
	if c.NewAccount && l.o.Inbox != nil {
		if err := l.discardSession(ctx, who); err != nil {
			return err
		}
	}
	s, err := l.connect(ctx, who, until)
	if err != nil {
		return err
	}
	err = s.run(ctx, online)
	if errors.Is(err, ErrForget) && l.o.Inbox != nil {
		last, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), resetLimit, ErrForget)
		defer cancel()
		_ = l.discardSession(last, who) // the reset goes on without
	}
	return err
}

// session is one connection. Its fields belong to the goroutine in Serve.
type session struct {
	*Link
	client    paho.Client
	wire      *wire
	dialError error       // why there is no wire
	reused    bool        // the connection is one that Preconnect made
	stopWatch func() bool // ends the watch over a wire without CONNACK
	since     time.Time   // CONNACK
	until     time.Time   // when the token expires, zero if that does not matter
	retain    bool        // the broker is asked to retain messages
	phase     phase
	optional  phase         // the last optional message that was sent; 0: none
	unacked   []message     // in flight, oldest first
	sent      time.Time     // the last record
	reset     uint64        // the record of the event `reset`, 0 before
	resetDone bool          // it was acknowledged
	out       chan outgoing // from other goroutines
	inbound   inbound
}

// outgoing is a message of this session alone: an answer, an announcement.
type outgoing struct {
	topic    string
	retained bool
	payload  []byte
}

// connect gets as far as the CONNACK. A broker need not wait for the CONNECT on a connection made ahead
// of time: if it was closed there is a second attempt.
func (l *Link) connect(ctx context.Context, who login, until time.Time) (*session, error) {
	began := time.Now()
	s, err := l.attempt(ctx, who, l.o.Inbox == nil)
	if s.reused && isEnd(err) {
		s, err = l.attempt(ctx, who, l.o.Inbox == nil)
	}
	switch {
	case err == nil:
		l.log.Debug("connected", "took", s.since.Sub(began), "ahead", s.reused, "token_expires", until)
		s.until = until
		return s, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	return nil, l.at.explain(err)
}

// discardSession has the broker forget the session that it keeps: "If CleanSession is set to 1, the
// Client and Server MUST discard any previous Session and start a new one" (MQTT 3.1.1 section 3.1.2.4).
func (l *Link) discardSession(ctx context.Context, who login) error {
	s, err := l.attempt(ctx, who, true)
	switch {
	case err == nil:
		s.disconnect()
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return l.at.explain(err)
}

// attempt opens one connection and gets as far as the CONNACK.
func (l *Link) attempt(ctx context.Context, who login, clean bool) (*session, error) {
	s := &session{Link: l, retain: l.diagnosis.retain(), out: make(chan outgoing, windowSize)}
	s.inbound.init()
	o := s.clientOptions(who).SetCleanSession(clean).SetCustomOpenConnectionFn(func(*url.URL, paho.ClientOptions) (net.Conn, error) {
		return s.open(ctx, who.header)
	})
	s.client = paho.NewClient(o)
	if l.o.Inbox != nil {
		s.client.AddRoute(s.inFilter(), s.receive) // messages may come with the CONNACK
	}
	connected := s.client.Connect()
	connected.Wait() // ends with ctx, by open or cancelConnect
	s.since = time.Now()
	return s, s.connectError(connected)
}

// open is paho's dial function.
func (s *session) open(ctx context.Context, header http.Header) (net.Conn, error) {
	conn, reused, err := s.Link.open(ctx, header)
	s.reused = reused
	if err != nil {
		s.dialError = err
		return nil, err
	}
	s.wire = newWire(conn, wireOptions{keepAlive: s.o.KeepAlive, oversized: s.dropped, progress: s.step})
	s.stopWatch = context.AfterFunc(ctx, func() { s.wire.cancelConnect(context.Cause(ctx)) })
	return s.wire, nil
}

// connectError is why there is no session, or nil. paho's own error is the last choice.
func (s *session) connectError(connected paho.Token) error {
	if s.wire == nil {
		return cmp.Or(s.dialError, connected.Error())
	}
	s.stopWatch()
	return cmp.Or(s.wire.connectError(), connected.Error())
}

// clientOptions turn off what paho does by itself: it would acknowledge before a message is durable,
// reconnect without end, and wake up every five seconds to look at its keep-alive.
func (s *session) clientOptions(who login) *paho.ClientOptions {
	return paho.NewClientOptions().
		AddBroker("mqtt://broker"). // paho needs one; the custom dial function is called in its place
		SetClientID(who.clientID).SetUsername(who.username).SetPassword(who.password).
		SetStore(noStore{}).SetProtocolVersion(4).SetAutoReconnect(false).SetConnectRetry(false).
		SetOrderMatters(true).SetAutoAckDisabled(true).SetDefaultPublishHandler(acknowledge).
		SetKeepAlive(0).SetConnectTimeout(connectLimit).SetWriteTimeout(acceptLimit).
		SetBinaryWill(s.topic+"/status", []byte("offline"), 1, s.retain)
}

// acknowledge takes a message that no subscription of this session asked for.
func acknowledge(_ paho.Client, m paho.Message) { m.Ack() }

// noStore is paho's message store for sessions that are never resumed here: what is not acknowledged
// stays in the queue, and comes again from there.
type noStore struct{}

func (noStore) Open()                             {}
func (noStore) Put(string, packets.ControlPacket) {}
func (noStore) Get(string) packets.ControlPacket  { return nil }
func (noStore) All() []string                     { return nil }
func (noStore) Del(string)                        {}
func (noStore) Close()                            {}
func (noStore) Reset()                            {}
