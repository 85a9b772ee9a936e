package telemetry

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/paird/paird/agent/internal/brokertest"
)

// trouble is one kind of bad luck: how long it lasts and what the broker does meanwhile.
type trouble struct {
	script brokertest.Script
	kick   bool
	lasts  time.Duration
}

func troubles() []trouble {
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(3, 4))
	some := func(v brokertest.Verdict, share float64) func(brokertest.Message) brokertest.Verdict {
		return func(brokertest.Message) brokertest.Verdict {
			mu.Lock()
			defer mu.Unlock()
			if r.Float64() < share {
				return v
			}
			return brokertest.Accept
		}
	}
	refuse := func(code byte) func(brokertest.Connect) byte {
		return func(brokertest.Connect) byte { return code }
	}
	return []trouble{
		{kick: true, lasts: time.Second},
		{script: brokertest.Script{Down: true}, kick: true, lasts: 30 * time.Minute},
		{script: brokertest.Script{Silent: true}, lasts: 10 * time.Minute},
		{script: brokertest.Script{Stalled: true}, lasts: 3 * time.Minute},
		{script: brokertest.Script{Publish: some(brokertest.Mute, 0.1)}, lasts: 10 * time.Minute},
		{script: brokertest.Script{Publish: some(brokertest.Reset, 0.05)}, lasts: 10 * time.Minute},
		{script: brokertest.Script{Connack: refuse(5)}, kick: true, lasts: 5 * time.Minute},
		{script: brokertest.Script{Connack: refuse(3)}, kick: true, lasts: 5 * time.Minute},
		{script: brokertest.Script{Connack: refuse(135)}, kick: true, lasts: 5 * time.Minute},
		{script: brokertest.Script{Delay: 2 * time.Second}, lasts: 20 * time.Minute},
	}
}

// TestWeek is a week of numbered messages, with a rotation of the token every hour and something wrong
// a few times a day. Nothing that the queue took is lost, the order is kept but for redelivery, and no
// session costs more duplicates than its window.
func TestWeek(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const week = 7 * 24 * time.Hour
		b := newBench(t, nil)
		ctx, stop := context.WithCancel(t.Context())
		sessions, put := 0, 0
		done := make(chan struct{})
		go func() { sessions = b.live(ctx); close(done) }()
		go b.disturb(ctx)
		for began := time.Now(); time.Since(began) < week; {
			time.Sleep(time.Minute)
			for range 1 + put%2 {
				put++
				b.queue.Put("n", fmt.Append(nil, put))
			}
		}
		stop()
		<-done
		time.Sleep(time.Hour)
		b.broker.Script(brokertest.Script{})
		b.broker.Kick()
		time.Sleep(time.Minute)
		s := b.serve(t, token)
		<-s.online
		time.Sleep(10 * time.Second)
		s.stop(nil)

		seen, duplicates, highest := map[string]bool{}, 0, 0
		for _, m := range b.broker.On("paird/dev1/n") {
			var n int
			fmt.Sscan(m.Payload, &n)
			if seen[m.Payload] {
				duplicates++
			} else if n < highest {
				t.Fatalf("message %d came first after %d", n, highest)
			}
			seen[m.Payload], highest = true, max(highest, n)
		}
		t.Logf("%d messages, %d sessions, %d duplicates", put, sessions, duplicates)
		if len(seen) != put || b.queue.waiting() != 0 || len(b.queue.aside) != 0 {
			t.Errorf("%d of %d messages arrived, %d wait, set aside are %d", len(seen), put, b.queue.waiting(), b.queue.aside)
		}
		if duplicates > put/20 || duplicates > sessions*windowSize {
			t.Errorf("%d duplicates in %d sessions", duplicates, sessions)
		}
		if sessions < 7*24 {
			t.Errorf("%d sessions: the tokens were not rotated", sessions)
		}
	})
}

// live does what the linker does: a session after another, a new token each hour, a back-off.
func (b *bench) live(ctx context.Context) (sessions int) {
	r := rand.New(rand.NewPCG(5, 6))
	for ctx.Err() == nil {
		sessions++
		session, end := context.WithCancelCause(ctx)
		swap := time.AfterFunc(time.Hour, func() { end(ErrSwap) })
		c := token
		c.Expiry = time.Now().Add(time.Hour + 10*time.Minute)
		err := b.Serve(session, c, func() {})
		swap.Stop()
		end(nil)
		if !errors.Is(err, ErrSwap) {
			time.Sleep(time.Duration(r.Int64N(int64(time.Minute))))
		}
	}
	return sessions
}

// disturb makes something go wrong every few hours.
func (b *bench) disturb(ctx context.Context) {
	r, all := rand.New(rand.NewPCG(7, 8)), troubles()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Hour + time.Duration(r.Int64N(int64(2*time.Hour)))):
		}
		now := all[i%len(all)]
		b.broker.Script(now.script)
		if now.kick {
			b.broker.Kick()
		}
		time.Sleep(now.lasts)
		b.broker.Script(brokertest.Script{})
	}
}
