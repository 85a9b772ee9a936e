package broker

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/nats-io/nats-server/v2/server"
)

// Options describe a Broker; all but Observe are required.
type Options struct {
	Dir      string             // an existing directory for retained messages and sessions
	Issuer   string             // whose tokens are good
	Audience string             // that they must be meant for
	Scope    string             // that they must have
	Keys     jose.JSONWebKeySet // that verify them
	Root     string             // first level of all topics, such as "paird"
	Message  func(Message)      // told of each message below Root, in order; must not block
	Observe  func(Event)        // told who comes and who is sent away; may be nil
}

// Message is one that was published.
type Message struct {
	At      time.Time
	Topic   string
	Payload []byte
}

// Event is somebody at the door. Err is nil for one who was let in.
type Event struct {
	At       time.Time
	Username string // as told by the client: no proof of anything
	Account  string // name in the token, if it was good
	Expires  time.Time
	Err      error
}

// Broker is a running broker.
type Broker struct {
	srv *server.Server
	url string
	tap *tap
}

// startup is how long a broker may take to be ready; it takes some 50 ms.
const startup = 20 * time.Second

// Start runs a broker on a free port of 127.0.0.1 until Close.
func Start(o Options) (*Broker, error) {
	if o.Observe == nil {
		o.Observe = func(Event) {}
	}
	door := newDoor(o)
	opts := &server.Options{
		ServerName:                 "pairlab",
		DontListen:                 true, // no NATS clients but the tap
		JetStream:                  true,
		JetStreamMaxMemory:         16 << 20,
		JetStreamMaxStore:          64 << 20,
		StoreDir:                   o.Dir,
		NoLog:                      true,
		NoSigs:                     true,
		MaxPayload:                 1 << 20,
		MQTT:                       server.MQTTOpts{Host: "127.0.0.1", Port: server.RANDOM_PORT},
		CustomClientAuthentication: door,
	}
	srv, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	srv.Start()
	b := &Broker{srv: srv}
	if err := b.open(opts, door, o); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

func (b *Broker) open(opts *server.Options, door *door, o Options) error {
	if !b.srv.ReadyForConnections(startup) {
		return errors.New("broker: not ready in time; is its directory writable?")
	}
	b.url = "mqtt://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(opts.MQTT.Port))
	conn, err := b.srv.InProcessConn()
	if err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	b.tap, err = newTap(conn, door.tapPassword, o.Root+".>", o.Message)
	return err
}

// URL is where clients connect.
func (b *Broker) URL() string { return b.url }

// Close disconnects everybody and returns when the broker has ended.
func (b *Broker) Close() {
	b.srv.Shutdown()
	b.srv.WaitForShutdown()
	if b.tap != nil {
		b.tap.wait()
	}
}
