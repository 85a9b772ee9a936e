package telemetry

import (
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/internal/brokertest"
)

// emitted keeps events.
type emitted struct {
	mu     sync.Mutex
	events []string
}

func (e *emitted) emit(event string, fields map[string]any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.events = append(e.events, fmt.Sprint(event, " ", fields))
}

func (e *emitted) all() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.events)
}

// A retained message over 128 KiB comes at each subscription. The session stays, and one event reports it.
func TestOversizedMessagesDoNotEndTheSession(t *testing.T) {
	bubble(t, func(t *testing.T) {
		events := &emitted{}
		b := newBench(t, func(o *Options) {
			o.Commands, o.HomeAssistant, o.Emit = []string{"identify"}, "homeassistant", events.emit
		})
		huge := strings.Repeat("x", 256<<10)
		b.broker.Publish(brokertest.Message{Topic: "paird/dev1/cmd", Payload: huge, QoS: 1, Retain: true})
		b.broker.Publish(brokertest.Message{Topic: "homeassistant/status", Payload: huge, QoS: 1, Retain: true})
		for range 3 {
			s := b.serve(t, token)
			<-s.online
			b.queue.Put("n", []byte("x"))
			time.Sleep(10 * time.Minute)
			if b.queue.waiting() != 0 || b.broker.Waiting("dev1") != 0 {
				t.Errorf("%d records wait, %d messages are not acknowledged", b.queue.waiting(), b.broker.Waiting("dev1"))
			}
			s.stop(ErrSwap)
		}
		if n := len(b.broker.Connects()); n != 3 || b.Oversized() != 6 {
			t.Errorf("%d CONNECTs, %d counted", n, b.Oversized())
		}
		got := events.all()
		if len(got) != 1 || !strings.Contains(got[0], "oversized map[bytes:2621") || !strings.Contains(got[0], "topic:paird/dev1/cmd") {
			t.Errorf("reported %q", got)
		}
		s := b.serve(t, token)
		<-s.online
		b.broker.Publish(brokertest.Message{Topic: "paird/dev1/cmd", Payload: `{"command":"identify"}`})
		synctest.Wait()
		b.broker.Publish(brokertest.Message{Topic: "paird/dev1/cmd", Payload: huge})
		synctest.Wait()
		if got := events.all(); len(got) != 2 || b.Oversized() != 9 {
			t.Errorf("after a message that was taken: %q, %d counted", got, b.Oversized())
		}
		s.stop(nil)
	})
}

// refusesRetained is a broker without the right to retain.
func refusesRetained(m brokertest.Message) brokertest.Verdict {
	if m.Retain {
		return brokertest.Close
	}
	return brokertest.Accept
}

func TestBrokerThatDoesNotRetain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		log, logged := recorder()
		b := newBench(t, func(o *Options) {
			o.HomeAssistant, o.Metrics, o.Log = "homeassistant", []string{"uptime"}, log
		})
		b.broker.Script(brokertest.Script{Publish: refusesRetained})
		b.queue.Put("n", []byte("x"))
		details := b.serveUntil(t, time.Minute, func() bool { return b.queue.waiting() == 0 })
		if len(details) != 2 || !b.Unretained() {
			t.Errorf("online after %q; unretained: %v", details, b.Unretained())
		}
		for range 3 {
			s := b.serve(t, token)
			<-s.online
			s.stop(nil)
		}
		connects := b.broker.Connects()
		for i, c := range connects {
			if c.Will.Retain != (i < 2) {
				t.Errorf("CONNECT %d has a will with retain %v", i, c.Will.Retain)
			}
		}
		if got := b.broker.On("paird/dev1/status"); len(connects) != 6 || len(got) == 0 || b.broker.Topics() != nil {
			t.Errorf("%d CONNECTs, %d status messages, retained are %q", len(connects), len(got), b.broker.Topics())
		}
		s := b.serve(t, token)
		<-s.online
		s.stop(ErrForget)
		warned := slices.DeleteFunc(logged(), func(s string) bool { return !strings.Contains(s, "retained") })
		if len(warned) != 1 {
			t.Errorf("logged %q", warned)
		}
	})
}

// A broker that refuses the birth message for another reason is asked to retain again.
func TestBirthRefusedForAnotherReason(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, nil)
		b.broker.Script(brokertest.Script{Publish: func(brokertest.Message) brokertest.Verdict { return brokertest.Close }})
		for i := range 6 {
			e := failure(t, b.Serve(t.Context(), token, func() {}))
			if said := strings.Contains(e.Detail, "status is published"); said != (i >= 2) {
				t.Errorf("end %d: %v", i, e)
			}
		}
		b.broker.Script(brokertest.Script{})
		s := b.serve(t, token)
		<-s.online
		if status, _ := b.broker.Retained("paird/dev1/status"); status != "online" || b.Unretained() {
			t.Errorf("status %q, unretained: %v", status, b.Unretained())
		}
		s.stop(nil)
	})
}

func TestAbout(t *testing.T) {
	bubble(t, func(t *testing.T) {
		set := false
		b := newBench(t, func(o *Options) {
			o.Version, o.Model, o.Panel = "1.2.3", "Zero W", "ssd1306"
			o.Now = func() (time.Time, bool) { return time.Now(), set }
		})
		for _, want := range []string{
			`{"version":"1.2.3","board":"Zero W","panel":"ssd1306"}`,
			`{"version":"1.2.3","board":"Zero W","panel":"ssd1306","started":"2000-01-01T00:00:00Z"}`,
		} {
			s := b.serve(t, token)
			<-s.online
			if got, _ := b.broker.Retained("paird/dev1/about"); got != want || !json.Valid([]byte(got)) {
				t.Errorf("about is %s, want %s", got, want)
			}
			time.Sleep(90 * time.Second)
			s.stop(ErrSwap)
			set = true
		}
	})
}

// An idle session wakes up for its PINGREQ alone, and sends that when it is due.
func TestIdleSessionIsQuiet(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, func(o *Options) { o.KeepAlive = 40 * time.Second })
		s := b.serve(t, token)
		<-s.online
		synctest.Wait() // for the answers to what was sent before
		before := b.Progress()
		time.Sleep(time.Hour + time.Second)
		if steps := b.Progress() - before; steps != 2*90 { // a PINGREQ and its answer, each 40 s
			t.Errorf("%d packets in an idle hour", steps)
		}
		s.stop(nil)
	})
}

// limited is a connection that keeps the deadline it was given last for writing.
type limited struct {
	net.Conn
	deadline time.Time
	writes   int // within a deadline
}

func (l *limited) SetWriteDeadline(t time.Time) error { l.deadline = t; return nil }

func (l *limited) Write(p []byte) (int, error) {
	if time.Until(l.deadline) == writeLimit {
		l.writes++
	}
	return len(p), nil
}

// A write has its limit, and leaves no timer behind that would wake an idle device up.
func TestWriteLeavesNoTimer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		conn := &limited{}
		w := &wire{Conn: conn, o: wireOptions{progress: func() {}}}
		for range 2 {
			if err := w.push([]byte{typePingreq, 0}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if conn.writes != 2 || !conn.deadline.IsZero() {
			t.Errorf("%d writes within their limit; a deadline of %v is left", conn.writes, conn.deadline)
		}
	})
}
