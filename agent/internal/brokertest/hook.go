package brokertest

import (
	"errors"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

var errScript = errors.New("as the script says")

// hook applies the Script.
type hook struct {
	mqtt.HookBase
	broker *Broker
}

func (h *hook) Provides(byte) bool { return true }

func (h *hook) OnConnect(cl *mqtt.Client, pk packets.Packet) error {
	b, connect := h.broker, connectOf(pk)
	b.awaitEnd(connect.ClientID)
	b.mu.Lock()
	b.connects = append(b.connects, connect)
	b.mu.Unlock()
	script := b.faults()
	if script.Connack == nil {
		return nil
	}
	code := script.Connack(connect)
	if code == 0 {
		return nil
	}
	cl.Net.Conn.Write([]byte{connack, 2, 0, code})
	cl.Net.Conn.(*conn).flushed()
	return errScript
}

// awaitEnd ends the connection that this client has: "the Server MUST disconnect the existing Client" (MQTT 3.1.1 section
// 3.1.4). mochi would take the new one's subscriptions away if it handled the old one's end after them.
func (b *Broker) awaitEnd(client string) {
	if old, ok := b.server.Clients.Get(client); ok {
		c := old.Net.Conn.(*conn)
		c.end()
		<-c.gone
	}
}

func (h *hook) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }

// OnACLCheck is asked for each filter, and, with write, for each PUBLISH.
func (h *hook) OnACLCheck(cl *mqtt.Client, filter string, write bool) bool {
	script := h.broker.faults()
	if write || script.Subscribe == nil {
		return true
	}
	code, closes := script.Subscribe(filter)
	if closes {
		cl.Stop(errScript)
	}
	return code != 0x80
}

func (h *hook) OnPublish(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	if cl.Net.Inline {
		return pk, nil
	}
	m := Message{Client: cl.ID, Topic: pk.TopicName, Payload: string(pk.Payload), QoS: pk.FixedHeader.Qos, Retain: pk.FixedHeader.Retain}
	verdict := Accept
	if script := h.broker.faults(); script.Publish != nil {
		verdict = script.Publish(m)
	}
	c := cl.Net.Conn.(*conn)
	switch verdict {
	case Swallow:
		return pk, packets.CodeSuccessIgnore
	case Close:
		cl.Stop(errScript)
		return pk, packets.ErrRejectPacket
	case Mute, Reset:
		c.mute(pk.PacketID)
	}
	h.broker.record(m)
	if verdict == Reset {
		cl.Stop(errScript)
	}
	return pk, nil
}

func (h *hook) OnPacketRead(_ *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	if pk.FixedHeader.Type == packets.Disconnect {
		h.broker.mu.Lock()
		h.broker.byes++
		h.broker.mu.Unlock()
	}
	return pk, nil
}

func (h *hook) OnWillSent(cl *mqtt.Client, pk packets.Packet) {
	h.broker.mu.Lock()
	h.broker.wills++
	h.broker.mu.Unlock()
	h.broker.record(Message{Client: cl.ID, Topic: pk.TopicName, Payload: string(pk.Payload), QoS: pk.FixedHeader.Qos, Retain: pk.FixedHeader.Retain})
}
