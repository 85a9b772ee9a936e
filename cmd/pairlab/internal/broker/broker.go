package broker

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
)

// Options describe a Broker; all but Address, Listener, TLS and Observe are required.
type Options struct {
	Issuer   string             // whose tokens are good
	Audience string             // that they must be meant for
	Scope    string             // that they must have
	Keys     jose.JSONWebKeySet // that verify them
	Root     string             // first level of all topics, such as "paird"
	Address  string             // host and port of loopback; "": 127.0.0.1 and a free port
	Listener net.Listener       // in place of Address; may be nil
	TLS      *tls.Config        // nil: none
	Message  func(Message)      // gets each message, those of one client in order; must not block
	Observe  func(Event)        // gets each admission and refusal; may be nil
}

// Message is one that was published.
type Message struct {
	At      time.Time
	Topic   string
	Payload []byte
}

// Event is a CONNECT. Err is nil for one that was accepted.
type Event struct {
	At       time.Time
	Username string // as the client sent it: not verified
	Account  string // name in the token, if it was good
	Expires  time.Time
	Err      error
}

// Broker is a running broker.
type Broker struct {
	url   string
	close func() error
}

// maxPacket bounds what a client may send, in bytes.
const maxPacket = 1 << 20

// Start runs a broker on loopback until Close.
func Start(o Options) (*Broker, error) {
	if o.Observe == nil {
		o.Observe = func(Event) {}
	}
	caps := mqtt.NewDefaultServerCapabilities()
	caps.MaximumPacketSize = maxPacket
	srv := mqtt.New(&mqtt.Options{Capabilities: caps, Logger: slog.New(slog.DiscardHandler)})
	if err := srv.AddHook(newAdmission(o), nil); err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	ln, scheme, err := o.listen()
	if err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	l := &listener{Listener: ln, ended: make(chan struct{})}
	if err := srv.AddListener(listeners.NewNet("mqtt", l)); err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	if err := srv.Serve(); err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	return &Broker{url: scheme + "://" + ln.Addr().String(), close: sync.OnceValue(func() error { l.end(); return srv.Close() })}, nil
}

func (o Options) listen() (ln net.Listener, scheme string, err error) {
	if ln = o.Listener; ln == nil {
		if ln, err = net.Listen("tcp", cmp.Or(o.Address, "127.0.0.1:0")); err != nil {
			return nil, "", err
		}
	}
	if o.TLS == nil {
		return ln, "mqtt", nil
	}
	return tls.NewListener(ln, o.TLS), "mqtts", nil
}

// URL is where clients connect.
func (b *Broker) URL() string { return b.url }

// Close disconnects all clients and ends the broker. Further calls do nothing.
func (b *Broker) Close() error { return b.close() }
