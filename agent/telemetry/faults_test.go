package telemetry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/internal/brokertest"
)

// failure is what Serve returned, as an *Error.
func failure(t *testing.T, err error) *Error {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("Serve returned %v, want an *Error", err)
	}
	if e.Detail == "" || strings.Contains(e.Error(), "\n") || strings.Contains(e.Error(), "tok") && !strings.Contains(e.Detail, "token") {
		t.Errorf("detail is %q", e.Detail)
	}
	return e
}

func TestDeadLinkIsFoundWithinAMinute(t *testing.T) {
	for name, fault := range map[string]brokertest.Script{"silent": {Silent: true}, "stalled": {Stalled: true}} {
		for _, busy := range []bool{false, true} {
			for _, keepAlive := range []time.Duration{5 * time.Second, 30 * time.Second, 20 * time.Minute} {
				t.Run(fmt.Sprint(name, busy, keepAlive), func(t *testing.T) {
					bubble(t, func(t *testing.T) {
						b := newBench(t, func(o *Options) { o.KeepAlive = keepAlive })
						s := b.serve(t, token)
						<-s.online
						time.Sleep(17 * time.Second)
						b.broker.Script(fault)
						at := time.Now()
						if busy {
							go func() {
								for range 200 {
									b.queue.Put("x", []byte("y"))
									time.Sleep(time.Second)
								}
							}()
						}
						e := failure(t, <-s.result)
						if took := time.Since(at); took > time.Minute || e.Kind != Broker {
							t.Errorf("%v after %v", e, took)
						}
						b.broker.Script(brokertest.Script{})
						time.Sleep(5 * time.Minute)
					})
				})
			}
		}
	}
}

func TestLostAcknowledgement(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, nil)
		for i := range 5 {
			b.queue.Put("n", fmt.Append(nil, i))
		}
		b.broker.Script(brokertest.Script{Publish: func(m brokertest.Message) brokertest.Verdict {
			if m.Payload == "2" {
				return brokertest.Mute
			}
			return brokertest.Accept
		}})
		s := b.serve(t, token)
		<-s.online
		at := time.Now()
		e := failure(t, <-s.result)
		if took := time.Since(at); took < 29*time.Second || took > 31*time.Second || e.Kind != Broker {
			t.Errorf("%v after %v", e, took)
		}
		if b.queue.waiting() != 1 {
			t.Errorf("%d records wait, want the one without PUBACK", b.queue.waiting())
		}
		b.broker.Script(brokertest.Script{})
		s = b.serve(t, token)
		<-s.online
		synctest.Wait()
		if b.queue.waiting() != 0 || len(b.broker.On("paird/dev1/n")) != 6 {
			t.Errorf("%d wait, %d arrived", b.queue.waiting(), len(b.broker.On("paird/dev1/n")))
		}
		s.stop(nil)
	})
}

func TestWillIsPublishedWhenTheLinkBreaks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, nil)
		s := b.serve(t, token)
		<-s.online
		time.Sleep(20 * time.Second)
		b.broker.Kick()
		failure(t, <-s.result)
		synctest.Wait() // the broker may publish the will after the session has ended here
		if status, _ := b.broker.Retained("paird/dev1/status"); status != "offline" {
			t.Errorf("status is %q", status)
		}
		if last := b.queue.online[len(b.queue.online)-1]; last {
			t.Error("the queue still thinks it is online")
		}
	})
}

func TestSilentBrokerAtConnect(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, nil)
		b.broker.Script(brokertest.Script{Silent: true})
		at := time.Now()
		if e := failure(t, b.Serve(t.Context(), token, func() {})); e.Kind != Broker || time.Since(at) > 21*time.Second {
			t.Errorf("%v after %v", e, time.Since(at))
		}
		s := b.serve(t, token)
		time.Sleep(time.Second)
		at = time.Now()
		if err := s.stop(ErrSwap); !errors.Is(err, ErrSwap) || time.Since(at) > time.Second {
			t.Errorf("%v after %v", err, time.Since(at))
		}
		b.broker.Script(brokertest.Script{Down: true})
		if e := failure(t, b.Serve(t.Context(), token, func() {})); e.Kind != Broker || !strings.Contains(e.Detail, "nothing listens") {
			t.Error(e)
		}
		b.broker.Script(brokertest.Script{})
		b.broker.Kick()
	})
}

// The broker has the will as soon as it has the CONNECT: a swap takes it back, at any other end it is published.
func TestEndBeforeConnack(t *testing.T) {
	for cause, want := range map[error][2]int{ErrSwap: {1, 0}, ErrForget: {0, 1}, context.Canceled: {0, 1}} {
		bubble(t, func(t *testing.T) {
			b := newBench(t, nil)
			b.broker.Script(brokertest.Script{ConnackLost: true})
			s := b.serve(t, token)
			time.Sleep(time.Second)
			if err := s.stop(cause); !errors.Is(err, cause) {
				t.Errorf("%v: Serve returns %v", cause, err)
			}
			time.Sleep(time.Second)
			if byes, wills := b.broker.Ends(); byes != want[0] || wills != want[1] {
				t.Errorf("%v: %d DISCONNECTs and %d wills, want %v", cause, byes, wills, want)
			}
		})
	}
}

func TestRefusalBeforeConnack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, func(o *Options) { o.Username = "{claim:plan}" })
		if e := failure(t, b.Serve(t.Context(), token, func() {})); e.Kind != Misconfigured || !strings.Contains(e.Detail, "{claim:plan}") {
			t.Error(e)
		}
		big := token
		big.AccessToken = strings.Repeat("x", maxString+1)
		b = newBench(t, nil)
		if e := failure(t, b.Serve(t.Context(), big, func() {})); e.Kind != Misconfigured {
			t.Error(e)
		}
		b = newBench(t, func(o *Options) { o.Username = "{sub}" })
		if e := failure(t, b.Serve(t.Context(), Credentials{AccessToken: "tok"}, func() {})); e.Kind != Misconfigured {
			t.Error(e)
		}
		if n := len(b.broker.Connects()); n != 0 {
			t.Errorf("%d CONNECTs were sent", n)
		}
	})
}
