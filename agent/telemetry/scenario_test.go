package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/inbox"
	"github.com/paird/paird/agent/internal/brokertest"
	"github.com/paird/paird/agent/queue"
	"github.com/paird/paird/agent/telemetry"
)

// TestQueueAndSession has the daemon's own queue, on a disk: 10,000 numbered messages in a minute, a
// new token every five seconds, and the broker away for 30 seconds in the middle.
func TestQueueAndSession(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		broker := brokertest.New()
		q, err := queue.Open(queue.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		l, err := telemetry.New(telemetry.Options{URL: "mqtt://localhost", DeviceID: "dev1", Dial: broker.Dial}, q)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { serve(ctx, l); close(ended) }()
		const total = 10000
		for i := range total {
			time.Sleep(6 * time.Millisecond)
			if i == total/3 {
				broker.Script(brokertest.Script{Down: true})
				broker.Kick()
				time.AfterFunc(30*time.Second, func() { broker.Script(brokertest.Script{}) })
			}
			if err := q.Put("n", fmt.Append(nil, i)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		stop()
		<-ended
		if s := q.Stats(); s.Messages != 0 || s.Dropped != 0 {
			t.Errorf("the queue says %+v", s)
		}
		seen, duplicates := arrived(t, broker)
		if seen != total || duplicates > 100 {
			t.Errorf("%d of %d arrived, %d twice", seen, total, duplicates)
		}
		if err := q.Close(); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
	})
}

// serve runs a session after another, a token each.
func serve(ctx context.Context, l *telemetry.Link) {
	for ctx.Err() == nil {
		session, cancel := context.WithCancelCause(ctx)
		swap := time.AfterFunc(5*time.Second, func() { cancel(telemetry.ErrSwap) })
		if err := l.Serve(session, telemetry.Credentials{}, func() {}); !errors.Is(err, telemetry.ErrSwap) {
			time.Sleep(time.Second)
		}
		swap.Stop()
		cancel(nil)
	}
}

// arrived counts the numbers that came, and those that came again; first arrivals are in order.
func arrived(t *testing.T, broker *brokertest.Broker) (seen, duplicates int) {
	t.Helper()
	next := 0
	for _, m := range broker.On("paird/dev1/n") {
		var n int
		if _, err := fmt.Sscan(m.Payload, &n); err != nil || n > next {
			t.Fatalf("%q came where %d was due", m.Payload, next)
		}
		if n < next {
			duplicates++
			continue
		}
		next++
	}
	return next, duplicates
}

// TestInboxOverARestart has the daemon's own inbox, on a disk: a job sent to a running device, one sent
// while the program is away, and one behind a new token; each is kept once.
func TestInboxOverARestart(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		broker := brokertest.New()
		job := func(n int) {
			broker.Publish(brokertest.Message{Topic: "paird/dev1/in/print", Payload: fmt.Sprint(n), QoS: 1})
			time.Sleep(time.Second)
		}
		for life := range 2 {
			box, err := inbox.Open(inbox.Options{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			q, err := queue.Open(queue.Options{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			l, err := telemetry.New(telemetry.Options{URL: "mqtt://localhost", DeviceID: "dev1", Dial: broker.Dial, Inbox: box}, q)
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { serve(ctx, l); close(ended) }()
			time.Sleep(2 * time.Second)
			job(3 * life)
			time.Sleep(6 * time.Second) // a swap
			job(3*life + 1)
			stop()
			<-ended
			job(3*life + 2)
			if life == 1 {
				for n, seq := 0, uint64(0); n < 5; n++ {
					var topic string
					var payload []byte
					seq, topic, payload, err = box.Next(t.Context(), seq, func(string) bool { return true })
					if err != nil || topic != "print" || string(payload) != fmt.Sprint(n) {
						t.Errorf("message %d is %s=%s, %v", n, topic, payload, err)
					}
				}
			}
			if err := errors.Join(q.Close(), box.Close()); err != nil {
				t.Error(err)
			}
		}
		if n := broker.Waiting("dev1"); n != 1 { // the last job, of a device that is away
			t.Errorf("%d messages wait at the broker", n)
		}
		time.Sleep(time.Minute)
	})
}
