package telemetry_test

import (
	"bytes"
	"context"
	"net"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/paird/paird/agent/queue"
	"github.com/paird/paird/agent/telemetry"
	"github.com/paird/paird/agent/telemetry/internal/brokertest"
)

const backlog = 20000 // messages of 200 bytes

// loopback serves broker on a real socket.
func loopback(b *testing.B) (broker *brokertest.Broker, addr string) {
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
func BenchmarkDrain(b *testing.B) {
	drain(b, func() (telemetry.Queue, func() error) {
		q, err := queue.Open(queue.Options{Dir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		for range backlog {
			if err := q.Put("n", bytes.Repeat([]byte("x"), 200)); err != nil {
				b.Fatal(err)
			}
		}
		return q, q.Close
	})
}

// BenchmarkSession is the same from memory: what the session alone costs.
func BenchmarkSession(b *testing.B) {
	drain(b, func() (telemetry.Queue, func() error) {
		return &memory{payload: bytes.Repeat([]byte("x"), 200)}, func() error { return nil }
	})
}

func drain(b *testing.B, fill func() (telemetry.Queue, func() error)) {
	for b.Loop() {
		b.StopTimer()
		_, addr := loopback(b)
		q, end := fill()
		l, err := telemetry.New(telemetry.Options{URL: "mqtt://" + addr, DeviceID: "dev1"}, q)
		if err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(b.Context())
		done := make(chan error, 1)
		b.StartTimer()
		go func() { done <- l.Serve(ctx, telemetry.Credentials{}, func() {}) }()
		for l.Acked() < backlog {
			select {
			case err := <-done:
				b.Fatalf("the session ended with %d records acknowledged: %v", l.Acked(), err)
			case <-time.After(time.Millisecond):
			}
		}
		b.StopTimer()
		cancel()
		<-done
		if err := end(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(backlog*float64(b.N)/b.Elapsed().Seconds(), "msg/s")
}

// memory is a backlog of equal records.
type memory struct {
	given   uint64 // by the feeder alone
	payload []byte
}

func (m *memory) Next(ctx context.Context) (uint64, string, []byte, error) {
	if m.given < backlog {
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

// BenchmarkBarePaho publishes the same with paho alone and the same window.
func BenchmarkBarePaho(b *testing.B) {
	payload := bytes.Repeat([]byte("x"), 200)
	for b.Loop() {
		b.StopTimer()
		_, addr := loopback(b)
		c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + addr).SetClientID("bare").SetProtocolVersion(4).SetAutoReconnect(false))
		if t := c.Connect(); t.Wait() && t.Error() != nil {
			b.Fatal(t.Error())
		}
		b.StartTimer()
		window := make(chan paho.Token, 20)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for t := range window {
				t.Wait()
			}
		}()
		for range backlog {
			window <- c.Publish("paird/dev1/n", 1, false, payload)
		}
		close(window)
		<-done
		b.StopTimer()
		c.Disconnect(10)
		b.StartTimer()
	}
	b.ReportMetric(backlog*float64(b.N)/b.Elapsed().Seconds(), "msg/s")
}
