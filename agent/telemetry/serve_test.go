package telemetry

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/internal/brokertest"
)

// bubble runs f on fake time, and lets what outlives a session by a moment come to its end: goroutines of
// paho, and peers of the broker that were stalled.
func bubble(t *testing.T, f func(*testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f(t)
		time.Sleep(time.Minute)
	})
}

// bench is a link to a scripted broker.
type bench struct {
	*Link
	broker *brokertest.Broker
	queue  *fakeQueue
}

func newBench(t *testing.T, change func(*Options)) *bench {
	t.Helper()
	b := &bench{broker: brokertest.New(), queue: newFakeQueue()}
	o := Options{
		URL: "mqtt://localhost", DeviceID: "dev1", Username: "{device_id}", Password: "{access_token}",
		Dial: b.broker.Dial, Boot: func() (string, time.Duration) { return "boot1", time.Minute },
	}
	if change != nil {
		change(&o)
	}
	var err error
	if b.Link, err = New(o, b.queue); err != nil {
		t.Fatal(err)
	}
	return b
}

var token = Credentials{AccessToken: "tok", ClientID: "printer", Subject: "alice"}

// running is a session in progress.
type running struct {
	end    context.CancelCauseFunc
	online chan struct{}
	result chan error
}

func (b *bench) serve(t *testing.T, c Credentials) *running {
	ctx, end := context.WithCancelCause(t.Context())
	r := &running{end: end, online: make(chan struct{}), result: make(chan error, 1)}
	go func() { r.result <- b.Serve(ctx, c, func() { close(r.online) }) }()
	return r
}

func (r *running) stop(cause error) error {
	r.end(cause)
	return <-r.result
}

func TestSessionDrainsInOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, nil)
		for i := range 100 {
			b.queue.Put("a/b", fmt.Appendf(nil, "%d", i))
		}
		s := b.serve(t, token)
		<-s.online
		synctest.Wait()
		got := b.broker.On("paird/dev1/a/b")
		if len(got) != 100 {
			t.Fatalf("%d messages arrived, want 100", len(got))
		}
		for i, m := range got {
			if m.Payload != fmt.Sprint(i) || m.QoS != 1 || m.Retain {
				t.Fatalf("message %d is %+v", i, m)
			}
		}
		if n := b.Acked(); n != 100 || b.queue.waiting() != 0 {
			t.Errorf("acked %d, %d waiting", n, b.queue.waiting())
		}
		if status, _ := b.broker.Retained("paird/dev1/status"); status != "online" {
			t.Errorf("status is %q", status)
		}
		if err := s.stop(nil); !errors.Is(err, context.Canceled) {
			t.Errorf("Serve returned %v", err)
		}
		if status, _ := b.broker.Retained("paird/dev1/status"); status != "offline" {
			t.Errorf("after a stop the status is %q", status)
		}
		if byes, wills := b.broker.Ends(); byes != 1 || wills != 0 {
			t.Errorf("%d DISCONNECTs, %d wills", byes, wills)
		}
		c := b.broker.Connects()[0]
		if c != (brokertest.Connect{
			ClientID: "dev1", Username: "dev1", Password: "tok", Clean: true, Version: 4, KeepAlive: 30,
			Will: brokertest.Message{Topic: "paird/dev1/status", Payload: "offline", QoS: 1, Retain: true},
		}) {
			t.Errorf("CONNECT was %+v", c)
		}
	})
}

func TestSwapIsSilent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, nil)
		b.broker.Script(brokertest.Script{Delay: 3 * time.Second}) // longer than closeLimit
		s := b.serve(t, token)
		<-s.online
		for i := range 10 {
			b.queue.Put("n", fmt.Append(nil, i))
		}
		time.Sleep(50 * time.Millisecond)
		if err := s.stop(ErrSwap); !errors.Is(err, ErrSwap) {
			t.Fatal(err)
		}
		if status, _ := b.broker.Retained("paird/dev1/status"); status != "online" {
			t.Errorf("status is %q after a swap", status)
		}
		if got := len(b.broker.On("paird/dev1/n")); got != 10 || b.queue.waiting() != 0 {
			t.Errorf("%d arrived, %d waiting: in flight was not waited for", got, b.queue.waiting())
		}
		if byes, wills := b.broker.Ends(); byes != 1 || wills != 0 {
			t.Errorf("%d DISCONNECTs, %d wills", byes, wills)
		}
		if b.queue.online[len(b.queue.online)-1] != true {
			t.Error("the queue went to disk for a swap")
		}
	})
}

func TestRefusals(t *testing.T) {
	want := map[byte]Kind{1: Misconfigured, 2: Misconfigured, 3: Broker, 4: BrokerAuth, 5: BrokerAuth, 6: Misconfigured, 7: Misconfigured, 128: Misconfigured, 255: Misconfigured}
	for code, kind := range want {
		bubble(t, func(t *testing.T) {
			b := newBench(t, nil)
			b.broker.Script(brokertest.Script{Connack: func(brokertest.Connect) byte { return code }})
			err := b.Serve(t.Context(), token, func() { t.Error("online") })
			e, ok := errors.AsType[*Error](err)
			if !ok || e.Kind != kind {
				t.Errorf("CONNACK %d: %v", code, err)
			}
			if n := len(b.broker.Connects()); n != 1 {
				t.Errorf("CONNACK %d: %d CONNECTs were sent", code, n)
			}
		})
	}
}
