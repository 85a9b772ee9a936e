package telemetry_test

import (
	"bytes"
	"context"
	"net"
	"slices"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/paird/paird/agent/internal/brokertest"
	"github.com/paird/paird/agent/queue"
	"github.com/paird/paird/agent/telemetry"
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
func BenchmarkDrain(b *testing.B) { rate(b, func() time.Duration { return drainQueue(b) }) }

// BenchmarkSession is the same from memory: what the session alone costs.
func BenchmarkSession(b *testing.B) {
	rate(b, func() time.Duration { return drain(b, &memory{payload: bytes.Repeat([]byte("x"), 200)}) })
}

// BenchmarkBarePaho publishes the same with paho alone and the same window.
func BenchmarkBarePaho(b *testing.B) { rate(b, func() time.Duration { return publishBare(b) }) }

// BenchmarkDrainRatio is how fast the queue drains, as a part of what bare paho does: the median of seven rounds,
// each in the order queue, paho, paho, queue or the reverse, so that a machine that is getting slower favours
// neither.
func BenchmarkDrainRatio(b *testing.B) {
	var ratios []float64
	for b.Loop() {
		ratios = nil
		for round := range 7 {
			var queued, bare time.Duration
			for i := range 4 {
				if (i == 0 || i == 3) == (round%2 == 0) {
					queued += drainQueue(b)
				} else {
					bare += publishBare(b)
				}
			}
			ratios = append(ratios, bare.Seconds()/queued.Seconds())
		}
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "of-bare-paho")
}

// rate reports how many messages a second pass, by the time that send needs for the backlog.
func rate(b *testing.B, send func() time.Duration) {
	var spent time.Duration
	for b.Loop() {
		spent += send()
	}
	b.ReportMetric(backlog*float64(b.N)/spent.Seconds(), "msg/s")
}

func drainQueue(b *testing.B) time.Duration {
	q, err := queue.Open(queue.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer q.Close()
	for range backlog {
		if err := q.Put("n", bytes.Repeat([]byte("x"), 200)); err != nil {
			b.Fatal(err)
		}
	}
	return drain(b, q)
}

func drain(b *testing.B, q telemetry.Queue) time.Duration {
	_, addr := loopback(b)
	l, err := telemetry.New(telemetry.Options{URL: "mqtt://" + addr, DeviceID: "dev1"}, q)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	began := time.Now()
	go func() { done <- l.Serve(ctx, telemetry.Credentials{}, func() {}) }()
	for l.Acked() < backlog {
		select {
		case err := <-done:
			b.Fatalf("the session ended with %d records acknowledged: %v", l.Acked(), err)
		case <-time.After(time.Millisecond):
		}
	}
	spent := time.Since(began)
	cancel()
	<-done
	return spent
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

func publishBare(b *testing.B) time.Duration {
	payload := bytes.Repeat([]byte("x"), 200)
	_, addr := loopback(b)
	c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + addr).SetClientID("bare").SetProtocolVersion(4).SetAutoReconnect(false))
	if t := c.Connect(); t.Wait() && t.Error() != nil {
		b.Fatal(t.Error())
	}
	defer c.Disconnect(10)
	began := time.Now()
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
	return time.Since(began)
}
