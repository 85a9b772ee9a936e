package telemetry_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent"
	"github.com/paird/paird/agent/clock"
	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/internal/brokertest"
	"github.com/paird/paird/agent/queue"
	"github.com/paird/paird/agent/store"
	"github.com/paird/paird/agent/telemetry"
	"github.com/paird/paird/display"
)

type server struct {
	down      atomic.Bool
	refreshes atomic.Int32
}

func (s *server) Begin(context.Context) (deviceauth.Pending, error) {
	return deviceauth.Pending{DeviceCode: "d", UserCode: "U", VerificationURI: "https://as/d", Issued: time.Now(), ExpiresIn: time.Hour, Interval: 5 * time.Second}, nil
}
func (s *server) token() deviceauth.Token {
	return deviceauth.Token{AccessToken: "A", TokenType: "Bearer", RefreshToken: "R", Expiry: time.Now().Add(10 * time.Minute), Lifetime: 10 * time.Minute, Issuer: "https://as", ClientID: "c", TokenEndpoint: "https://as/t", Subject: "alice"}
}
func (s *server) Wait(context.Context, deviceauth.Pending) (deviceauth.Token, error) {
	return s.token(), nil
}
func (s *server) Refresh(context.Context, deviceauth.Token) (deviceauth.Token, error) {
	if s.down.Load() {
		return deviceauth.Token{}, &deviceauth.Error{Kind: deviceauth.NoNetwork, Op: "refresh", Detail: "down"}
	}
	s.refreshes.Add(1)
	return s.token(), nil
}
func (s *server) Audience(context.Context, deviceauth.Token, deviceauth.AudienceRequest) (a, r deviceauth.Token, err error) {
	return a, r, errors.New("no")
}
func (s *server) Revoke(context.Context, deviceauth.Token) error { return nil }

func (s *server) Verify(_ context.Context, t deviceauth.Token) (deviceauth.Token, error) {
	return t, nil
}

func device(t *testing.T, dir string, o telemetry.Options) (*agent.Agent, *server, *brokertest.Broker, func()) {
	broker := brokertest.New()
	q, err := queue.Open(queue.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(store.Options{Dir: dir, Device: "dev1"})
	if err != nil {
		t.Fatal(err)
	}
	o.URL, o.DeviceID, o.Dial, o.Metrics = "mqtt://localhost", "dev1", broker.Dial, []string{"uptime"}
	var a *agent.Agent
	o.Emit = func(event string, fields map[string]any) { a.Emit(event, fields) }
	l, err := telemetry.New(o, q)
	if err != nil {
		t.Fatal(err)
	}
	as := &server{}
	a = agent.New(agent.Options{
		DeviceID: "dev1", Auth: as, Store: st, Queue: q, Link: l, BrokerURL: "mqtt://localhost",
		Clock:    clock.New(clock.Options{Floor: time.Now().Add(-time.Hour), Adjtimex: func() (bool, error) { return true, nil }}),
		Bound:    store.Binding{Issuer: "https://as", ClientID: "c"},
		PairHold: 3 * time.Second, ResetHold: 10 * time.Second,
		Frame: func(display.Screen) ([]byte, error) { return nil, nil },
		Rand:  func(d time.Duration) time.Duration { return d / 2 },
		Log:   slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); a.Run(ctx) }()
	if err := a.Loaded(ctx); err != nil {
		t.Fatal(err)
	}
	a.Pair(ctx)
	time.Sleep(time.Second)
	synctest.Wait()
	if s := a.Status(); s.Broker.State != control.BrokerOnline {
		t.Fatalf("%+v %+v", s, s.Broker)
	}
	return a, as, broker, func() {
		cancel()
		<-done
		q.Close()
		st.Close()
		time.Sleep(time.Minute)
	}
}

// recipes/homeassistant.toml: a user name and a password of the broker's own. The session does not depend on the token.
func TestStaticLoginIsIndependentOfTheToken(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a, as, broker, stop := device(t, dir, telemetry.Options{Username: "lamp", Password: "static"})
		defer stop()
		time.Sleep(time.Hour)
		synctest.Wait()
		t.Logf("first hour: %d refreshes, %d CONNECTs of the same user and password", as.refreshes.Load(), len(broker.Connects()))
		as.down.Store(true)
		time.Sleep(time.Hour)
		synctest.Wait()
		s := a.Status()
		if s.Broker.State != control.BrokerOnline {
			t.Errorf("an hour after the authorization server went down the broker, which knows the device by a password of its own, is %q; queue %+v, problem %+v", s.Broker.State, *s.Queue, s.Problem)
		}
	})
}

// A device that is online publishes the event `reset` before it leaves the broker.
func TestResetEventReachesTheBroker(t *testing.T) {
	seen := 0
	const runs = 10
	for range runs {
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			a, _, broker, stop := device(t, dir, telemetry.Options{})
			defer stop()
			time.Sleep(10 * time.Second)
			if r, err := a.Reset(t.Context()); err != nil || !r.Erased {
				t.Fatal(r, err)
			}
			time.Sleep(time.Second)
			for _, m := range broker.On("paird/dev1/event") {
				if strings.Contains(m.Payload, `"reset"`) {
					seen++
				}
			}
		})
	}
	t.Logf("event reset arrived in %d of %d resets of a device that was online", seen, runs)
	if seen < runs {
		t.Error("lost")
	}
}

// "server-sent events, hooks and `/event` come from one event stream": the broker refuses the subscription to /cmd.
func TestOneEventStream(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a, _, broker, stop := device(t, dir, telemetry.Options{Commands: []string{"identify"}})
		defer stop()
		events := a.Events(t.Context())
		broker.Script(brokertest.Script{Subscribe: func(string) (byte, bool) { return 0x80, false }})
		broker.Kick()
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		onBroker, local := 0, 0
		for _, m := range broker.On("paird/dev1/event") {
			if strings.Contains(m.Payload, "broker_refused") {
				onBroker++
			}
		}
		for len(events) > 0 {
			if strings.Contains(string(<-events), "broker_refused") {
				local++
			}
		}
		t.Logf("broker_refused: %d on /event, %d on /v1/events and hooks", onBroker, local)
		if onBroker != local {
			t.Error("two streams")
		}
	})
}
