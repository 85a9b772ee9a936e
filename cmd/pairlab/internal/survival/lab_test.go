package survival

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/pairlab/internal/broker"
)

var scopes = []string{"openid", "profile", "offline_access", "telemetry"}

var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// lab is a provider and a broker on loopback, and what they have seen.
type lab struct {
	*testing.T
	provider *provider.Provider
	observer *observer
	broker   *broker.Broker
	issuer   string

	mu      sync.Mutex
	changed chan struct{} // closed and replaced whenever something was seen
	events  map[provider.Kind]int
	arrived map[string][]string // payloads by topic, in the order they came
}

func newLab(t *testing.T, lifetime time.Duration) *lab {
	t.Helper()
	l := &lab{T: t, changed: make(chan struct{}), events: map[provider.Kind]int{}, arrived: map[string][]string{}}
	l.observer = &observer{}
	srv := httptest.NewServer(l.observer)
	t.Cleanup(srv.Close)
	l.issuer = srv.URL
	var err error
	l.provider, err = provider.New(provider.Options{
		Issuer: srv.URL, Audiences: []string{"mqtt"},
		Clients:        []provider.Client{{ID: "printer", Name: "Example Printers", Scopes: scopes}},
		Users:          []provider.User{{Subject: "user-1", Username: "alice", Password: "alice", Name: "Alice"}},
		AccessLifetime: lifetime, CodeLifetime: 5 * time.Minute, Interval: time.Second,
		Rotation: provider.Rotation{Grace: time.Minute},
		Key:      signingKey(), Observe: l.happened,
	})
	if err != nil {
		t.Fatal(err)
	}
	l.observer.next = l.provider
	l.startBroker("")
	t.Cleanup(func() { l.broker.Close() })
	return l
}

// startBroker starts the broker at that address; "": a free port.
func (l *lab) startBroker(address string) {
	l.Helper()
	l.broker = e2e.Must(broker.Start(broker.Options{
		Address: address, Issuer: l.issuer, Audience: "mqtt", Scope: "telemetry",
		Keys: l.provider.Keys(), Root: "paird", Message: l.message,
	}))(l)
}

func (l *lab) happened(e provider.Event) { l.note(func() { l.events[e.Kind]++ }) }

func (l *lab) message(m broker.Message) {
	l.note(func() { l.arrived[m.Topic] = append(l.arrived[m.Topic], string(m.Payload)) })
}

// note writes down what was seen and wakes those that wait for it.
func (l *lab) note(seen func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen()
	close(l.changed)
	l.changed = make(chan struct{})
}

// wait returns once what was seen is enough. ok is called under mu.
func (l *lab) wait(what string, ok func() bool) {
	l.Helper()
	limit := time.After(e2e.WaitLimit)
	for {
		l.mu.Lock()
		enough, changed := ok(), l.changed
		l.mu.Unlock()
		if enough {
			return
		}
		select {
		case <-changed:
		case <-limit:
			l.Fatalf("not within %s: %s", e2e.WaitLimit, what)
		}
	}
}

// count is how often the provider saw that.
func (l *lab) count(k provider.Kind) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.events[k]
}

// received returns what came on a topic of the device.
func (l *lab) received(topic string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.arrived["paird/"+deviceID+"/"+topic]...)
}

// approve waits for a code and approves it as Alice.
func (l *lab) approve() {
	l.Helper()
	l.wait("a code", func() bool { return l.events[provider.CodeIssued] > 0 })
	codes := l.provider.Pending()
	if len(codes) != 1 {
		l.Fatalf("%d codes wait", len(codes))
	}
	if err := l.provider.Decide(codes[0].UserCode, "alice", provider.Approve); err != nil {
		l.Fatal(err)
	}
	l.wait("the device fetches its tokens", func() bool { return l.events[provider.Tokens] == 1 })
}
