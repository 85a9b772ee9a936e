package telemetry_test

import (
	"bytes"
	"context"
	"net"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/paird/paird/agent/internal/brokertest"
	"github.com/paird/paird/agent/queue"
	"github.com/paird/paird/agent/telemetry"
)

const backlog = 20_000 // messages of 200 bytes

// loopback serves broker on a real socket.
func loopback(b testing.TB) (broker *brokertest.Broker, addr string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	broker = brokertest.New()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			broker.Accept(conn)
		}
	}()
	return broker, l.Addr().String()
}

// BenchmarkDrain sends a backlog from the daemon's queue, most of which is on the disk; compare with
// BenchmarkBarePaho.
func BenchmarkDrain(b *testing.B) { rate(b, func() usage { return drainQueue(b, backlog) }) }

// BenchmarkSession is the same from memory: what the session alone costs.
func BenchmarkSession(b *testing.B) {
	rate(b, func() usage {
		return drain(b, &memory{left: backlog, payload: bytes.Repeat([]byte("x"), 200)}, backlog)
	})
}

// BenchmarkBarePaho publishes the same with paho alone and the same window.
func BenchmarkBarePaho(b *testing.B) { rate(b, func() usage { return publishBare(b, backlog) }) }

// rate reports how many messages a second pass, by the time that send needs for the backlog.
func rate(b *testing.B, send func() usage) {
	var spent time.Duration
	for b.Loop() {
		spent += send().wall
	}
	b.ReportMetric(backlog*float64(b.N)/spent.Seconds(), "msg/s")
}

func drainQueue(b testing.TB, n int) usage {
	q, err := queue.Open(queue.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer q.Close()
	for range n {
		if err := q.Put("n", bytes.Repeat([]byte("x"), 200)); err != nil {
			b.Fatal(err)
		}
	}
	return drain(b, q, n)
}

func drain(b testing.TB, q telemetry.Queue, n int) usage {
	_, addr := loopback(b)
	l, err := telemetry.New(telemetry.Options{URL: "mqtt://" + addr, DeviceID: "dev1"}, q)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	spent := watch(b)
	go func() { done <- l.Serve(ctx, telemetry.Credentials{}, func() {}) }()
	for l.Acked() < n {
		select {
		case err := <-done:
			b.Fatalf("the session ended with %d records acknowledged: %v", l.Acked(), err)
		case <-time.After(time.Millisecond):
		}
	}
	u := spent()
	cancel()
	<-done
	return u
}

// memory is a backlog of equal records.
type memory struct {
	left    int // by the feeder alone, as given
	given   uint64
	payload []byte
}

func (m *memory) Next(ctx context.Context) (uint64, string, []byte, error) {
	if m.left > 0 {
		m.left--
		m.given++
		return m.given, "n", m.payload, nil
	}
	<-ctx.Done()
	return 0, "", nil, ctx.Err()
}

func (m *memory) Ack(uint64) error         { return nil }
func (m *memory) SetAside(uint64) error    { return nil }
func (m *memory) Rewind()                  {}
func (m *memory) Put(string, []byte) error { return nil }
func (m *memory) Online(bool)              {}
func (m *memory) Stream() string           { return "s" }

func publishBare(b testing.TB, n int) usage {
	payload := bytes.Repeat([]byte("x"), 200)
	_, addr := loopback(b)
	c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + addr).SetClientID("bare").SetProtocolVersion(4).SetAutoReconnect(false))
	if t := c.Connect(); t.Wait() && t.Error() != nil {
		b.Fatal(t.Error())
	}
	defer c.Disconnect(10)
	spent := watch(b)
	window := make(chan paho.Token, 20)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for t := range window {
			t.Wait()
		}
	}()
	for range n {
		window <- c.Publish("paird/dev1/n", 1, false, payload)
	}
	close(window)
	<-done
	return spent()
}
