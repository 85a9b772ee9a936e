package brokertest

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// dial sends a CONNECT with a will, and returns the connection's other packets and what sends to it.
func dial(t *testing.T, b *Broker, id string) (in chan packets.ControlPacket, send func(packets.ControlPacket), end func()) {
	t.Helper()
	conn, err := b.Dial(t.Context(), "tcp", "x")
	if err != nil {
		t.Fatal(err)
	}
	in = make(chan packets.ControlPacket, 100)
	go func() {
		defer close(in)
		for {
			p, err := packets.ReadPacket(conn)
			if err != nil {
				return
			}
			in <- p
		}
	}()
	send = func(p packets.ControlPacket) {
		if err := p.Write(conn); err != nil {
			t.Log(err)
		}
	}
	c := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	c.ProtocolName, c.ProtocolVersion, c.ClientIdentifier, c.Keepalive, c.CleanSession = "MQTT", 4, id, 10, true
	c.WillFlag, c.WillTopic, c.WillMessage, c.WillRetain = true, "will", []byte("gone"), true
	send(c)
	return in, send, func() { conn.Close() }
}

func TestBrokerKeepsTheRulesThatTestsRelyOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New()
		in, _, _ := dial(t, b, "a")
		if ack := (<-in).(*packets.ConnackPacket); ack.ReturnCode != 0 {
			t.Fatal(ack)
		}
		again, _, end := dial(t, b, "a") // "the Server MUST disconnect the existing Client"
		<-again
		for range in { // mochi sends a DISCONNECT first
		}
		synctest.Wait()
		if payload, _ := b.Retained("will"); payload != "gone" {
			t.Errorf("the will is %q", payload)
		}
		b.Publish(Message{Topic: "will", Retain: true})
		if topics := b.Topics(); len(topics) != 0 {
			t.Errorf("%q are retained after an empty message", topics)
		}
		time.Sleep(16 * time.Second) // one and a half times the keep-alive
		for range again {
		}
		if b.Open() != 0 {
			t.Error("a silent client was kept")
		}
		end()

		in, send, _ := dial(t, b, "b")
		<-in
		send(packets.NewControlPacket(packets.Disconnect))
		for range in {
		}
		synctest.Wait()
		if byes, wills := b.Ends(); byes != 1 || wills != 2 {
			t.Errorf("%d DISCONNECTs, %d wills", byes, wills)
		}
	})
}

// slow is a connection that takes its time to close, as one with TLS does whose peer does not read.
type slow struct{ net.Conn }

func (s slow) Close() error {
	time.Sleep(5 * time.Second)
	return s.Conn.Close()
}

// A close that takes its time keeps no other from going on: the clock of the bubble would stand still.
func TestCloseWaitsForNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New()
		near, far := net.Pipe()
		b.Accept(slow{far})
		go b.Kick()
		synctest.Wait()
		b.Kick()
		near.Close()
		time.Sleep(time.Minute)
		if n := b.Open(); n != 0 {
			t.Errorf("%d connections are open", n)
		}
	})
}
