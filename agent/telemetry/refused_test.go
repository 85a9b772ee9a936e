package telemetry

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/internal/brokertest"
)

// serveUntil runs sessions one after another, a second apart, until done or the limit; it returns the
// errors of those that failed.
func (b *bench) serveUntil(t *testing.T, limit time.Duration, done func() bool) (details []string) {
	deadline := time.After(limit)
	for {
		s := b.serve(t, token)
		tick := time.NewTicker(time.Second)
		for running := true; running; {
			select {
			case err := <-s.result:
				details = append(details, failure(t, err).Detail)
				running = false
			case <-tick.C:
				if !done() {
					continue
				}
				s.stop(nil)
				return details
			case <-deadline:
				s.stop(nil)
				t.Fatalf("not done after %v: %q", limit, details)
			}
		}
		time.Sleep(time.Second)
	}
}

func TestRefusedRecordIsSetAside(t *testing.T) {
	bubble(t, func(t *testing.T) {
		emitted := 0
		var b *bench
		b = newBench(t, func(o *Options) {
			o.Emit = func(event string, fields map[string]any) { emitted++; b.Event(event, fields) }
		})
		for i := range 30 {
			b.queue.Put("n", fmt.Append(nil, i))
		}
		tries := 0
		b.broker.Script(brokertest.Script{Publish: func(m brokertest.Message) brokertest.Verdict {
			if m.Payload == "7" {
				tries++
				return brokertest.Close
			}
			return brokertest.Accept
		}})
		details := b.serveUntil(t, 10*time.Minute, func() bool { return b.queue.waiting() == 0 })
		if !slices.Equal(b.queue.aside, []uint64{8}) || tries > 4 {
			t.Errorf("set aside %d after %d tries, want record 8 alone", b.queue.aside, tries)
		}
		if !strings.Contains(details[len(details)-1], "set aside") {
			t.Errorf("the details are %q", details)
		}
		seen := map[string]bool{}
		for _, m := range b.broker.On("paird/dev1/n") {
			seen[m.Payload] = true
		}
		if len(seen) != 29 {
			t.Errorf("%d of the other 29 arrived", len(seen))
		}
		if emitted != 1 {
			t.Errorf("%d events for the agent, want 1", emitted)
		}
		if events := b.broker.On("paird/dev1/event"); len(events) != 1 || !strings.Contains(events[0].Payload, `"type":"broker_refused","refused_seq":8`) {
			t.Errorf("events: %+v", events)
		}
	})
}

// TestTokenThatMayPublishNothing is no record's fault: a person has to know, and the caller to slow down.
func TestTokenThatMayPublishNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, nil)
		for range 30 {
			b.queue.Put("n", []byte("x"))
		}
		b.broker.Script(brokertest.Script{Publish: func(m brokertest.Message) brokertest.Verdict {
			if m.Topic == "paird/dev1/status" {
				return brokertest.Accept
			}
			return brokertest.Close
		}})
		var last *Error
		for sessions := 0; last == nil || last.Kind != BrokerAuth; sessions++ {
			if sessions > 20 {
				t.Fatalf("after %d sessions: %v", sessions, last)
			}
			last = failure(t, b.Serve(t.Context(), token, func() {}))
		}
		if len(b.queue.aside) != conclusive || !strings.Contains(last.Detail, "may not publish below mqtt.topic") {
			t.Errorf("set aside %d: %v", b.queue.aside, last)
		}
	})
}

func TestBrokerInACrashLoopCostsNoRecord(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, nil)
		b.queue.Put("n", []byte("x"))
		began := time.Now()
		b.broker.Script(brokertest.Script{Publish: func(m brokertest.Message) brokertest.Verdict {
			if m.Topic == "paird/dev1/n" && time.Since(began) < 2*time.Minute {
				return brokertest.Mute
			}
			return brokertest.Accept
		}})
		go func() {
			for time.Since(began) < 2*time.Minute {
				time.Sleep(1300 * time.Millisecond)
				b.broker.Kick()
			}
		}()
		b.serveUntil(t, time.Hour, func() bool { return b.queue.waiting() == 0 })
		if len(b.queue.aside) != 0 {
			t.Errorf("set aside %d", b.queue.aside)
		}
	})
}

func TestDoubtEndsWithTokensOfSeconds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, nil)
		b.broker.Script(brokertest.Script{Delay: time.Second})
		for i := range 100 {
			b.queue.Put("n", fmt.Append(nil, i))
		}
		s := b.serve(t, token)
		<-s.online
		time.Sleep(time.Second / 2)
		b.broker.Script(brokertest.Script{})
		b.broker.Kick()
		failure(t, <-s.result)
		for range 4 {
			s := b.serve(t, token)
			time.Sleep(1400 * time.Millisecond)
			s.stop(ErrSwap)
		}
		if b.queue.waiting() != 0 {
			t.Errorf("%d records still wait", b.queue.waiting())
		}
	})
}

func TestDuplicateClientIsReported(t *testing.T) {
	bubble(t, func(t *testing.T) {
		a, b := newBench(t, nil), newBench(t, nil)
		b.broker = a.broker
		b.o.Dial = a.broker.Dial
		var last *running
		var details []string
		for range 8 {
			for _, one := range []*bench{a, b} {
				s := one.serve(t, token)
				<-s.online
				if last != nil {
					details = append(details, failure(t, <-last.result).Detail)
				}
				last = s
				time.Sleep(3 * time.Second)
			}
		}
		last.stop(nil)
		for i, d := range details {
			if said := strings.Contains(d, "another client may use the same mqtt.client_id"); said != (i >= 4) {
				t.Errorf("end %d: %q", i, d)
			}
		}
	})
}

func TestRefusedSubscriptionIsReported(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, func(o *Options) { o.Commands = []string{"identify"} })
		b.broker.Script(brokertest.Script{Subscribe: func(string) (byte, bool) { return 0x80, false }})
		for range 2 {
			s := b.serve(t, token)
			<-s.online
			synctest.Wait()
			s.stop(ErrSwap)
		}
		events := b.broker.On("paird/dev1/event")
		if len(events) != 1 || !strings.Contains(events[0].Payload, `"type":"broker_refused","subscription":"paird/dev1/cmd"`) {
			t.Errorf("events: %+v", events)
		}
	})
}

func TestTelemetryGoesOnWithoutWhatEndsTheSession(t *testing.T) {
	faults := map[string]brokertest.Script{
		"subscription": {Subscribe: func(string) (byte, bool) { return 0, true }},
		"discovery": {Publish: func(m brokertest.Message) brokertest.Verdict {
			if strings.HasPrefix(m.Topic, "homeassistant/") {
				return brokertest.Close
			}
			return brokertest.Accept
		}},
	}
	for name, script := range faults {
		bubble(t, func(t *testing.T) {
			b := newBench(t, func(o *Options) {
				o.Commands, o.HomeAssistant, o.Metrics = []string{"identify"}, "homeassistant", []string{"uptime"}
			})
			b.queue.Put("n", []byte("x"))
			b.broker.Script(script)
			details := b.serveUntil(t, time.Minute, func() bool { return b.queue.waiting() == 0 })
			if len(details) != 3 || !strings.Contains(details[2], name) {
				t.Errorf("%s: %q", name, details)
			}
		})
	}
}

// A broker may ignore what the token may not publish: telemetry goes on without.
func TestIgnoredDescriptionDelaysTelemetryOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, func(o *Options) { o.HomeAssistant, o.Metrics = "homeassistant", []string{"uptime"} })
		b.queue.Put("n", []byte("x"))
		b.broker.Script(brokertest.Script{Publish: func(m brokertest.Message) brokertest.Verdict {
			if strings.HasSuffix(m.Topic, "/about") || strings.HasPrefix(m.Topic, "homeassistant/") {
				return brokertest.Mute
			}
			return brokertest.Accept
		}})
		for _, limit := range []time.Duration{2*describeLimit + time.Second, time.Second} {
			at := time.Now()
			s := b.serve(t, token)
			<-s.online
			synctest.Wait()
			if took := time.Since(at); took > limit || b.queue.waiting() != 0 {
				t.Errorf("online after %v, %d records wait", took, b.queue.waiting())
			}
			time.Sleep(5 * time.Minute)
			s.stop(ErrSwap)
		}
		if n := len(b.broker.Connects()); n != 2 {
			t.Errorf("%d CONNECTs", n)
		}
	})
}
