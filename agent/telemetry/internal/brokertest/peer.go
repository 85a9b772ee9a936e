package brokertest

import (
	"bytes"
	"net"
	"strings"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// peer is one connection.
type peer struct {
	broker  *Broker
	conn    net.Conn
	out     chan answer
	id      string
	will    *Message
	filters []string
	limit   time.Duration // 1.5 times the keep-alive
}

// answer is a packet and when it is sent; no packet ends the connection.
type answer struct {
	packet packets.ControlPacket
	due    time.Time
}

func (p *peer) write() {
	defer p.conn.Close()
	for a := range p.out {
		time.Sleep(time.Until(a.due))
		var b bytes.Buffer // one write a packet: a pipe gives each write to one read
		a.packet.Write(&b)
		p.conn.SetWriteDeadline(time.Now().Add(time.Minute))
		if _, err := p.conn.Write(b.Bytes()); err != nil {
			break
		}
	}
	p.conn.Close()
	for range p.out { // until end closes it
	}
}

func (p *peer) read() {
	defer p.end()
	for {
		p.wait()
		if p.limit > 0 {
			p.conn.SetReadDeadline(time.Now().Add(p.limit))
		}
		packet, err := packets.ReadPacket(p.conn)
		if err != nil {
			return
		}
		if f := p.broker.faults(); f.Silent || f.Stalled {
			continue
		}
		if !p.handle(packet) {
			return
		}
	}
}

// wait blocks while the broker is stalled.
func (p *peer) wait() {
	for p.broker.faults().Stalled {
		time.Sleep(time.Second)
	}
}

func (p *peer) end() {
	b := p.broker
	b.mu.Lock()
	delete(b.peers, p)
	if p.will != nil {
		b.wills++
		b.deliver(*p.will)
	}
	b.mu.Unlock()
	close(p.out)
}

func (p *peer) handle(packet packets.ControlPacket) bool {
	switch m := packet.(type) {
	case *packets.ConnectPacket:
		return p.connect(m)
	case *packets.PublishPacket:
		return p.publish(m)
	case *packets.SubscribePacket:
		return p.subscribe(m)
	case *packets.PingreqPacket:
		p.send(packets.NewControlPacket(packets.Pingresp))
	case *packets.DisconnectPacket:
		return p.disconnect()
	}
	return true
}

func (p *peer) send(packet packets.ControlPacket) { p.out <- answer{packet: packet} }

func (p *peer) connect(m *packets.ConnectPacket) bool {
	b := p.broker
	script := b.faults()
	ack := packets.NewControlPacket(packets.Connack).(*packets.ConnackPacket)
	if script.Connack != nil {
		ack.ReturnCode = script.Connack(m)
	}
	b.mu.Lock()
	b.connects = append(b.connects, *m)
	if ack.ReturnCode == 0 {
		p.id, p.limit = m.ClientIdentifier, time.Duration(m.Keepalive)*1500*time.Millisecond
		if m.WillFlag {
			p.will = &Message{Client: p.id, Topic: m.WillTopic, Payload: string(m.WillMessage), QoS: m.WillQos, Retain: m.WillRetain}
		}
		for other := range b.peers {
			if other != p && other.id == p.id { // "the Server MUST disconnect the existing Client" [MQTT-3.1.4-2]
				other.conn.Close()
			}
		}
	}
	b.mu.Unlock()
	if !script.Mumbling {
		p.send(ack)
	}
	return ack.ReturnCode == 0 || script.Rude
}

func (p *peer) publish(m *packets.PublishPacket) bool {
	message := Message{Client: p.id, Topic: m.TopicName, Payload: string(m.Payload), QoS: m.Qos, Retain: m.Retain}
	script, verdict := p.broker.faults(), Accept
	if script.Publish != nil {
		verdict = script.Publish(message)
	}
	if verdict == Accept || verdict == Mute || verdict == Reset {
		p.broker.Publish(message)
	}
	if m.Qos == 1 && (verdict == Accept || verdict == Swallow) {
		ack := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
		ack.MessageID = m.MessageID
		p.out <- answer{ack, time.Now().Add(script.Delay)}
	}
	return verdict != Close && verdict != Reset
}

func (p *peer) subscribe(m *packets.SubscribePacket) bool {
	ack := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
	ack.MessageID = m.MessageID
	b := p.broker
	script := b.faults()
	for i, filter := range m.Topics {
		code, closes := m.Qoss[i], false
		if script.Subscribe != nil {
			code, closes = script.Subscribe(filter)
		}
		if closes {
			return false
		}
		ack.ReturnCodes = append(ack.ReturnCodes, code)
		if code == 0x80 {
			continue
		}
		b.mu.Lock()
		p.filters = append(p.filters, filter)
		for _, kept := range b.retained {
			if match(filter, kept.Topic) {
				p.push(kept, true)
			}
		}
		b.mu.Unlock()
	}
	p.send(ack)
	return true
}

func (p *peer) disconnect() bool {
	b := p.broker
	b.mu.Lock()
	b.byes++
	p.will = nil // "MUST discard any Will Message" [MQTT-3.14.4-3]
	b.mu.Unlock()
	return b.faults().Rude
}

// push sends a message to a subscriber, at QoS 0.
func (p *peer) push(m Message, retained bool) {
	packet := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	packet.TopicName, packet.Payload, packet.Retain = m.Topic, []byte(m.Payload), retained
	select {
	case p.out <- answer{packet: packet}:
	default: // a subscriber that does not keep up loses QoS 0
	}
}

// deliver is called with the lock held.
func (b *Broker) deliver(m Message) {
	m.At = time.Now()
	b.log = append(b.log, m)
	if m.Retain && m.Payload == "" {
		delete(b.retained, m.Topic)
	} else if m.Retain {
		b.retained[m.Topic] = m
	}
	for p := range b.peers {
		for _, filter := range p.filters {
			if match(filter, m.Topic) {
				p.push(m, false)
			}
		}
	}
}

func (b *Broker) snapshot() []*peer {
	var peers []*peer
	for p := range b.peers {
		peers = append(peers, p)
	}
	return peers
}

// match tells whether a filter covers a topic; of the wildcards only a trailing # is known.
func match(filter, topic string) bool {
	if prefix, ok := strings.CutSuffix(filter, "#"); ok {
		return strings.HasPrefix(topic, prefix)
	}
	return filter == topic
}
