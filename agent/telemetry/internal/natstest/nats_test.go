// Package natstest runs telemetry sessions, with the queue of the daemon, against a NATS server: a broker
// that somebody else wrote.
package natstest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/nats-io/nats-server/v2/server"

	"github.com/paird/paird/agent/queue"
	"github.com/paird/paird/agent/telemetry"
)

// gate lets in whoever has the token of the day, and an observer.
type gate struct {
	mu    sync.Mutex
	token string
}

func (g *gate) set(token string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.token = token
}

func (g *gate) Check(c server.ClientAuthentication) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	o := c.GetOpts()
	if o.Username == "observer" || o.Username == "" {
		return true
	}
	c.RegisterUser(&server.User{Username: o.Username, Permissions: &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: []string{"paird.dev1.>", "$MQTT.>"}},
		Subscribe: &server.SubjectPermission{Allow: []string{"$MQTT.>"}},
	}})
	return o.Password == g.token
}

// broker starts a NATS server with MQTT on loopback.
func broker(t *testing.T, g *gate) (url string) {
	t.Helper()
	o := &server.Options{
		ServerName: "natstest", Host: "127.0.0.1", Port: -1, NoLog: true, NoSigs: true, JetStream: true, StoreDir: t.TempDir(),
		MQTT: server.MQTTOpts{Host: "127.0.0.1", Port: freePort(t)}, CustomClientAuthentication: g,
	}
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server did not start")
	}
	return fmt.Sprintf("mqtt://127.0.0.1:%d", o.MQTT.Port)
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// observe subscribes to everything below topic.
func observe(t *testing.T, url, topic string) <-chan paho.Message {
	t.Helper()
	messages := make(chan paho.Message, 10000)
	c := paho.NewClient(paho.NewClientOptions().AddBroker(url).SetClientID("observer").SetUsername("observer").SetPassword("x").SetProtocolVersion(4))
	for _, token := range []func() paho.Token{
		c.Connect,
		func() paho.Token {
			return c.Subscribe(topic+"/#", 1, func(_ paho.Client, m paho.Message) { messages <- m })
		},
	} {
		if tk := token(); tk.Wait() && tk.Error() != nil {
			t.Fatal(tk.Error())
		}
	}
	t.Cleanup(func() { c.Disconnect(100) })
	return messages
}

func setUp(t *testing.T, url string) (*telemetry.Link, *queue.Queue) {
	t.Helper()
	q, err := queue.Open(queue.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { q.Close() })
	l, err := telemetry.New(telemetry.Options{
		URL: url, DeviceID: "dev1", Username: "{device_id}", Password: "{access_token}", Commands: []string{"identify"}, Metrics: []string{"uptime"},
	}, q)
	if err != nil {
		t.Fatal(err)
	}
	return l, q
}

// TestRotation sends numbered messages while the token changes again and again: each arrives, in order
// but for redelivery, `offline` is never said, and the refusal of an old token is told as such.
func TestRotation(t *testing.T) {
	g := &gate{}
	url := broker(t, g)
	messages := observe(t, url, "paird/dev1")
	l, q := setUp(t, url)
	const total = 2000
	go func() {
		for i := range total {
			q.Put("n", fmt.Append(nil, i))
			if i%20 == 0 {
				time.Sleep(5 * time.Millisecond)
			}
		}
	}()
	for round := range 8 {
		token := fmt.Sprint("token", round)
		g.set(token)
		ctx, cancel := context.WithCancelCause(t.Context())
		swap := time.AfterFunc(100*time.Millisecond, func() { cancel(telemetry.ErrSwap) })
		if err := l.Serve(ctx, telemetry.Credentials{AccessToken: token}, func() {}); !errors.Is(err, telemetry.ErrSwap) {
			t.Fatal(err)
		}
		swap.Stop()
	}
	err := l.Serve(t.Context(), telemetry.Credentials{AccessToken: "old"}, func() {})
	if e, ok := errors.AsType[*telemetry.Error](err); !ok || e.Kind != telemetry.BrokerAuth {
		t.Fatalf("a refused token: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Serve(ctx, telemetry.Credentials{AccessToken: "token7"}, func() {}) }()
	check(t, messages, total)
	cancel(errors.New("the end"))
	<-done
	await(t, messages, "paird/dev1/status", "offline")
}

// check reads messages until all numbers have come.
func check(t *testing.T, messages <-chan paho.Message, total int) {
	t.Helper()
	seen, highest := map[int]bool{}, -1
	for deadline := time.After(20 * time.Second); len(seen) < total; {
		select {
		case m := <-messages:
			if m.Topic() == "paird/dev1/status" && string(m.Payload()) == "offline" {
				t.Fatal("a swap said offline")
			}
			var n int
			if _, err := fmt.Sscan(string(m.Payload()), &n); err != nil || m.Topic() != "paird/dev1/n" {
				continue
			}
			if !seen[n] && n < highest {
				t.Fatalf("%d came first after %d", n, highest)
			}
			seen[n], highest = true, max(highest, n)
		case <-deadline:
			t.Fatalf("%d of %d messages arrived", len(seen), total)
		}
	}
}

func await(t *testing.T, messages <-chan paho.Message, topic, payload string) {
	t.Helper()
	for deadline := time.After(10 * time.Second); ; {
		select {
		case m := <-messages:
			if m.Topic() == topic && string(m.Payload()) == payload {
				return
			}
		case <-deadline:
			t.Fatalf("no %q on %s", payload, topic)
		}
	}
}

// TestRefusedSubscription sees NATS refuse /cmd, by the permissions above, and tells by an event.
func TestRefusedSubscription(t *testing.T) {
	g := &gate{token: "t"}
	url := broker(t, g)
	messages := observe(t, url, "paird/dev1")
	l, _ := setUp(t, url)
	ctx, cancel := context.WithCancel(t.Context())
	online, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- l.Serve(ctx, telemetry.Credentials{AccessToken: "t"}, func() { close(online) })
	}()
	<-online
	await(t, messages, "paird/dev1/status", "online")
	for deadline := time.After(10 * time.Second); ; {
		select {
		case m := <-messages:
			if m.Topic() == "paird/dev1/event" {
				cancel()
				<-done
				return
			}
		case <-deadline:
			t.Fatal("the refused subscription is not told")
		}
	}
}
