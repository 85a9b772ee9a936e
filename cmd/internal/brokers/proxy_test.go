//go:build real

package brokers

import (
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/paird/paird/cmd/internal/e2e"
)

// proxy is the network between a device and its broker, and what can befall it.
type proxy struct {
	url     string
	targets []string // the first that answers is taken
	mu      sync.Mutex
	pairs   map[*pair]bool
	refused bool
	lag     time.Duration                    // each way
	drop    func(packets.ControlPacket) bool // what of the broker's never arrives; nil: everything does
}

// pair is one connection, on both sides of the proxy.
type pair struct {
	device, broker net.Conn
	hole           chan struct{} // closed: nothing goes through any more
}

func newProxy(t *testing.T, ports ...int) *proxy {
	t.Helper()
	l := e2e.Must(net.Listen("tcp", "127.0.0.1:0"))(t)
	p := &proxy{url: "mqtt://" + l.Addr().String(), pairs: map[*pair]bool{}}
	for _, port := range ports {
		p.targets = append(p.targets, fmt.Sprint("127.0.0.1:", port))
	}
	wait := e2e.Accept(l, p.guest)
	t.Cleanup(func() {
		l.Close()
		p.reset()
		wait()
	})
	return p
}

// befall sets what happens to the connections to come.
func (p *proxy) befall(lag time.Duration, drop func(packets.ControlPacket) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lag, p.drop = lag, drop
}

// refuse ends all connections, and those to come at once.
func (p *proxy) refuse(on bool) {
	p.mu.Lock()
	p.refused = on
	p.mu.Unlock()
	if on {
		p.reset()
	}
}

// reset ends all connections with RST.
func (p *proxy) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.pairs {
		c.device.(*net.TCPConn).SetLinger(0)
		c.device.Close()
		c.broker.Close()
	}
}

// swallow makes black holes of all connections: they stay, and nothing goes through.
func (p *proxy) swallow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.pairs {
		select {
		case <-c.hole:
		default:
			close(c.hole)
		}
	}
}

// guest carries one connection until either side ends it.
func (p *proxy) guest(device net.Conn) {
	defer device.Close()
	c := &pair{device: device, broker: p.dial(), hole: make(chan struct{})}
	if c.broker == nil {
		return
	}
	defer c.broker.Close()
	p.mu.Lock()
	lag, drop, refused := p.lag, p.drop, p.refused
	if !refused {
		p.pairs[c] = true
	}
	p.mu.Unlock()
	if refused {
		return
	}
	var up sync.WaitGroup
	up.Go(func() { c.carry(c.broker, c.device, lag) })
	if drop != nil {
		c.filter(drop)
	} else {
		c.carry(c.device, c.broker, lag)
	}
	up.Wait()
	p.mu.Lock()
	delete(p.pairs, c)
	p.mu.Unlock()
}

func (p *proxy) dial() net.Conn {
	for _, target := range p.targets {
		if conn, err := net.DialTimeout("tcp", target, e2e.WaitLimit); err == nil {
			return conn
		}
	}
	return nil
}

// carry copies what comes, each piece as late as lag says, and ends the connection at the end of either side.
func (c *pair) carry(to io.WriteCloser, from io.ReadCloser, lag time.Duration) {
	type piece struct {
		due  time.Time
		data []byte
	}
	pieces := make(chan piece, 4096)
	var writer sync.WaitGroup
	writer.Go(func() {
		defer to.Close()
		defer from.Close()
		for p := range pieces {
			<-time.After(time.Until(p.due))
			select {
			case <-c.hole: // read on: a hole takes everything
				continue
			default:
			}
			if _, err := to.Write(p.data); err != nil {
				from.Close()
			}
		}
	})
	for {
		buffer := make([]byte, 4096)
		n, err := from.Read(buffer)
		if err != nil {
			break
		}
		pieces <- piece{time.Now().Add(lag), buffer[:n]}
	}
	close(pieces)
	writer.Wait()
}

// filter copies the broker's packets but those that are dropped.
func (c *pair) filter(drop func(packets.ControlPacket) bool) {
	defer c.device.Close()
	defer c.broker.Close()
	for {
		packet, err := packets.ReadPacket(c.broker)
		if err != nil {
			return
		}
		if drop(packet) {
			continue
		}
		if packet.Write(c.device) != nil {
			return
		}
	}
}
