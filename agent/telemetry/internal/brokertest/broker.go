// Package brokertest is an MQTT 3.1.1 broker inside the test: connections are pipes, faults are
// scripted, and nothing but time and channels is waited for, so that it runs in a synctest bubble.
package brokertest

import (
	"context"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
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
	Connack   func(*packets.ConnectPacket) byte
	Publish   func(Message) Verdict
	Subscribe func(filter string) (code byte, closes bool)
	Down      bool          // nobody listens
	Silent    bool          // a black hole: everything is read, nothing answered
	Stalled   bool          // nothing is even read
	Mumbling  bool          // CONNECT is taken, and its CONNACK lost
	Rude      bool          // the connection stays open after DISCONNECT
	Delay     time.Duration // of each PUBACK
}

// Broker is the whole broker. Make one with New.
type Broker struct {
	mu       sync.Mutex
	script   Script
	peers    map[*peer]bool
	retained map[string]Message
	log      []Message
	connects []packets.ConnectPacket
	byes     int
	wills    int
}

// New makes a broker without faults.
func New() *Broker {
	return &Broker{peers: map[*peer]bool{}, retained: map[string]Message{}}
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
	near, far := net.Pipe()
	b.Accept(far)
	return near, ctx.Err()
}

// Accept serves a connection until it ends.
func (b *Broker) Accept(conn net.Conn) {
	p := &peer{broker: b, conn: conn, out: make(chan answer, 4096)}
	b.mu.Lock()
	b.peers[p] = true
	b.mu.Unlock()
	go p.write()
	go p.read()
}

// Kick closes all connections, as a broker that is restarted does: wills are published.
func (b *Broker) Kick() {
	b.mu.Lock()
	peers := b.snapshot()
	b.mu.Unlock()
	for _, p := range peers {
		p.conn.Close()
	}
}

// Publish delivers a message to the subscribers as if another client had sent it.
func (b *Broker) Publish(m Message) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.deliver(m)
}

// Log is every message delivered so far, wills included, in order.
func (b *Broker) Log() []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.log)
}

// On is Log for one topic.
func (b *Broker) On(topic string) []Message {
	return slices.DeleteFunc(b.Log(), func(m Message) bool { return m.Topic != topic })
}

// Retained is what a new subscriber to topic would get.
func (b *Broker) Retained(topic string) (payload string, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	m, ok := b.retained[topic]
	return m.Payload, ok
}

// Topics lists the topics with a retained message.
func (b *Broker) Topics() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var topics []string
	for topic := range b.retained {
		topics = append(topics, topic)
	}
	slices.Sort(topics)
	return topics
}

// Connects is every CONNECT so far.
func (b *Broker) Connects() []packets.ConnectPacket {
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
	return len(b.peers)
}
