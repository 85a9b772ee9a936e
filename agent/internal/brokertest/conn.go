package brokertest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// First bytes of the packets that a fault is about (MQTT 3.1.1 section 2.2).
const (
	connack = 0x20
	puback  = 0x40
)

// conn stands between mochi and a connection. What mochi writes goes through out, one packet each, so that
// mochi never waits for a device that does not read.
type conn struct {
	net.Conn
	broker *Broker
	out    chan packet
	once   sync.Once
	ended  chan struct{}
	gone   chan struct{} // closed when mochi has done with it

	mu    sync.Mutex
	muted map[uint16]bool // ids of PUBACKs that are lost
}

// packet is one on its way to the device, and when it is due. One with done has no bytes: it is closed when
// all before it are written.
type packet struct {
	b    []byte
	due  time.Time
	done chan struct{}
}

func newConn(b *Broker, raw net.Conn) *conn {
	c := &conn{Conn: raw, broker: b, out: make(chan packet, 4096), ended: make(chan struct{}), gone: make(chan struct{}), muted: map[uint16]bool{}}
	go c.write()
	return c
}

func (c *conn) write() {
	for {
		select {
		case <-c.ended:
			return
		case p := <-c.out:
			time.Sleep(time.Until(p.due))
			c.Conn.SetWriteDeadline(time.Now().Add(time.Minute))
			if p.done != nil {
				close(p.done)
			} else if _, err := c.Conn.Write(p.b); err != nil {
				c.end()
			}
		}
	}
}

// Read gives mochi nothing while the broker is silent or stalled.
func (c *conn) Read(b []byte) (int, error) {
	for c.broker.faults().Stalled {
		time.Sleep(time.Second)
	}
	for {
		n, err := c.Conn.Read(b)
		f := c.broker.faults()
		late := errors.Is(err, os.ErrDeadlineExceeded) // by mochi's watch over the keep-alive
		switch {
		case !f.Silent && !f.Stalled, err != nil && !late:
			return n, err
		case late:
			c.Conn.SetReadDeadline(time.Time{})
		}
	}
}

// Write takes whole packets.
func (c *conn) Write(b []byte) (int, error) {
	script := c.broker.faults()
	for rest := bytes.Clone(b); len(rest) > 0; {
		length, n := binary.Uvarint(rest[1:]) // the same encoding as MQTT 3.1.1 section 2.2.3
		p := packet{b: rest[:1+n+int(length)]}
		rest = rest[len(p.b):]
		switch {
		case p.b[0] == connack && script.ConnackLost, p.b[0] == puback && c.isMuted(p.b):
			continue
		case p.b[0] == puback:
			p.due = time.Now().Add(script.Delay)
		}
		select {
		case c.out <- p:
		case <-c.ended:
			return 0, io.ErrClosedPipe
		}
	}
	return len(b), nil
}

// flushed waits until all that was written has left.
func (c *conn) flushed() {
	done := make(chan struct{})
	select {
	case c.out <- packet{done: done}:
	case <-c.ended:
		return
	}
	select {
	case <-done:
	case <-c.ended:
	}
}

// mute loses the PUBACK of one message.
func (c *conn) mute(id uint16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.muted[id] = true
}

func (c *conn) isMuted(b []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := binary.BigEndian.Uint16(b[2:])
	muted := c.muted[id]
	delete(c.muted, id)
	return muted
}

// SetDeadline is for reading: writing has its own.
func (c *conn) SetDeadline(t time.Time) error { return c.Conn.SetReadDeadline(t) }

// Close does nothing while the broker keeps connections open.
func (c *conn) Close() error {
	if !c.broker.faults().KeepsOpen {
		c.end()
	}
	return nil
}

// end closes the connection. The close of one with TLS waits up to 5 s until the peer takes close_notify; another call
// does not wait for that: a wait for a lock would stop the clock of a synctest bubble.
func (c *conn) end() {
	c.once.Do(func() { close(c.ended) })
	c.Conn.Close()
}
