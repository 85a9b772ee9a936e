// Package brokertest is mochi-mqtt inside the test: connections are pipes, and faults are scripted by its
// hooks and by what stands between it and the connection. mochi runs without Serve, so that nothing but
// time and channels is waited for, and a synctest bubble can hold it.
//
//	broker.go  the broker, and what it has seen
//	hook.go    what mochi asks the script
//	conn.go    faults of a connection
package brokertest

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// Message is one PUBLISH as it arrived, or as Publish sends it.
type Message struct {
	Client  string
	Topic   string
	Payload string
	QoS     byte
	Retain  bool
	At      time.Time
}

// Connect is one CONNECT.
type Connect struct {
	ClientID, Username, Password string
	Version                      byte
	Clean                        bool
	KeepAlive                    uint16 // seconds
	Will                         Message
}

// Verdict is what the broker does with a PUBLISH.
type Verdict int

// The verdicts.
const (
	Accept  Verdict = iota // deliver, and acknowledge
	Mute                   // deliver, but lose the PUBACK
	Swallow                // acknowledge, but drop: what mosquitto and NATS do without permission
	Close                  // close the connection: what RabbitMQ does
	Reset                  // deliver, then close without the PUBACK
)

// Script says what goes wrong. The zero value is a broker without fault.
type Script struct {
	Connack     func(Connect) byte // return code; the connection closes after another than 0
	Publish     func(Message) Verdict
	Subscribe   func(filter string) (code byte, closes bool) // code 0x80 refuses
	Down        bool                                         // nothing listens
	Silent      bool                                         // a black hole: everything is read, nothing answered
	Stalled     bool                                         // nothing is even read
	ConnackLost bool                                         // CONNECT is taken, and its CONNACK lost
	KeepsOpen   bool                                         // the connection stays open after DISCONNECT
	Delay       time.Duration                                // of each PUBACK
}

// Broker is the whole broker. Make one with New.
type Broker struct {
	server *mqtt.Server

	mu       sync.Mutex
	script   Script
	conns    map[*conn]bool
	log      []Message
	connects []Connect
	byes     int
	wills    int
}

// New makes a broker without faults.
func New() *Broker {
	b := &Broker{conns: map[*conn]bool{}}
	b.server = mqtt.New(&mqtt.Options{InlineClient: true, Logger: slog.New(slog.DiscardHandler)})
	if err := b.server.AddHook(&hook{broker: b}, nil); err != nil {
		panic(err) // a mistake of this package
	}
	return b
}

// Script replaces the faults, for open connections too.
func (b *Broker) Script(s Script) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.script = s
}

func (b *Broker) faults() Script {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.script
}

// Dial connects to the broker.
func (b *Broker) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if b.faults().Down {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	near, far := net.Pipe()
	b.Accept(far)
	return near, nil
}

// Accept serves a connection until it ends.
func (b *Broker) Accept(raw net.Conn) {
	c := newConn(b, raw)
	b.mu.Lock()
	b.conns[c] = true
	b.mu.Unlock()
	go func() {
		_ = b.server.EstablishConnection("pipe", c) // how it ended is of no interest
		close(c.gone)
		io.Copy(io.Discard, raw) // of a broker that keeps the connection open
		c.end()
		b.mu.Lock()
		delete(b.conns, c)
		b.mu.Unlock()
	}()
}

// Kick closes all connections, as a broker that is restarted does: wills are published.
func (b *Broker) Kick() {
	b.mu.Lock()
	conns := slices.Collect(maps.Keys(b.conns))
	b.mu.Unlock()
	for _, c := range conns {
		c.end()
	}
}

// Publish delivers a message to the subscribers as if another client had sent it.
func (b *Broker) Publish(m Message) {
	b.record(m)
	_ = b.server.Publish(m.Topic, []byte(m.Payload), m.Retain, m.QoS)
}

// record keeps a message that is delivered.
func (b *Broker) record(m Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	m.At = time.Now()
	b.log = append(b.log, m)
}

// Log is every message delivered so far, wills included, in order.
func (b *Broker) Log() []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.log)
}

// Since is Log without its first n messages.
func (b *Broker) Since(n int) []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.log[n:])
}

// On is Log for one topic.
func (b *Broker) On(topic string) []Message {
	return slices.DeleteFunc(b.Log(), func(m Message) bool { return m.Topic != topic })
}

// Retained is what a new subscriber to topic would get.
func (b *Broker) Retained(topic string) (payload string, ok bool) {
	m, ok := b.server.Topics.Retained.Get(topic)
	return string(m.Payload), ok
}

// Topics lists the topics with a retained message.
func (b *Broker) Topics() []string {
	return slices.Sorted(maps.Keys(b.server.Topics.Retained.GetAll()))
}

// Waiting counts the messages that the broker keeps for a client without having its PUBACK.
func (b *Broker) Waiting(client string) int {
	cl, ok := b.server.Clients.Get(client)
	if !ok {
		return 0
	}
	return cl.State.Inflight.Len()
}

// Subscriptions are the filters of a client's session with their QoS.
func (b *Broker) Subscriptions(client string) map[string]byte {
	all := map[string]byte{}
	if cl, ok := b.server.Clients.Get(client); ok {
		for filter, s := range cl.State.Subscriptions.GetAll() {
			all[filter] = s.Qos
		}
	}
	return all
}

// Connects is every CONNECT so far.
func (b *Broker) Connects() []Connect {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.connects)
}

// Ends counts the sessions that ended with DISCONNECT, and those that ended with their will.
func (b *Broker) Ends() (disconnects, wills int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.byes, b.wills
}

// Open counts the connections.
func (b *Broker) Open() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.conns)
}

func connectOf(pk packets.Packet) Connect {
	c := pk.Connect
	return Connect{
		ClientID: c.ClientIdentifier, Username: string(c.Username), Password: string(c.Password),
		Version: pk.ProtocolVersion, Clean: c.Clean, KeepAlive: c.Keepalive,
		Will: Message{Topic: c.WillTopic, Payload: string(c.WillPayload), QoS: c.WillQos, Retain: c.WillRetain},
	}
}
