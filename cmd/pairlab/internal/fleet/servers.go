package fleet

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/pairlab/internal/broker"
)

const (
	audience = "mqtt"
	root     = "paird"
	scope    = "telemetry"
)

// servers are the lab's authorization server, which approves each code, and its broker.
type servers struct {
	issuer   string
	provider *provider.Provider
	http     *http.Server
	codes    chan struct{} // there are some to approve
	down     atomic.Bool   // the token endpoint answers 503

	mu      sync.Mutex
	broker  *broker.Broker
	arrived map[string]map[string]bool // payloads by topic
}

// startServers starts both on loopback.
func startServers(o Options) (*servers, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &servers{issuer: "http://" + l.Addr().String(), codes: make(chan struct{}, 1), arrived: map[string]map[string]bool{}}
	s.provider, err = provider.New(provider.Options{
		Issuer: s.issuer, Audiences: []string{audience},
		Clients:        []provider.Client{{ID: o.ClientID, Name: "Fleet", Scopes: scopes}},
		Users:          []provider.User{{Subject: "owner", Username: "owner", Password: "owner", Name: "Owner"}},
		AccessLifetime: o.Lifetime, Rotation: provider.Rotation{Grace: time.Minute}, Interval: time.Second, Observe: s.happened,
	})
	if err != nil {
		return nil, err
	}
	s.http = &http.Server{Handler: s}
	go func() { _ = s.http.Serve(l) }() // ends with close
	go s.approve()
	return s, s.startBroker("")
}

func (s *servers) close() {
	_ = s.http.Close() // the process ends
	s.mu.Lock()
	b := s.broker
	s.mu.Unlock()
	_ = b.Close()
}

func (s *servers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.down.Load() && strings.HasSuffix(r.URL.Path, "/token") {
		http.Error(w, "out of order", http.StatusServiceUnavailable)
		return
	}
	s.provider.ServeHTTP(w, r)
}

func (s *servers) happened(e provider.Event) {
	if e.Kind == provider.CodeIssued {
		select {
		case s.codes <- struct{}{}:
		default: // one is there already
		}
	}
}

// approve approves each code soon after it was given.
func (s *servers) approve() {
	for range s.codes {
		for _, p := range s.provider.Pending() {
			_ = s.provider.Decide(p.UserCode, "owner", provider.Approve) // an error: it has expired
		}
	}
}

func (s *servers) startBroker(address string) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broker, err = broker.Start(broker.Options{
		Address: address, Issuer: s.issuer, Audience: audience, Scope: scope, Keys: s.provider.Keys(), Root: root, Message: s.message,
	})
	return err
}

// restartBroker ends the broker and starts it again after a while, at the same address.
func (s *servers) restartBroker(after time.Duration) error {
	at, err := url.Parse(s.url())
	if err != nil {
		return err
	}
	s.mu.Lock()
	old := s.broker
	s.mu.Unlock()
	_ = old.Close() // without mu: it waits for its clients, whose messages take mu
	time.Sleep(after)
	if err := s.startBroker(at.Host); err != nil {
		return fmt.Errorf("the broker does not start again: %w", err)
	}
	return nil
}

func (s *servers) url() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broker.URL()
}

// message keeps the numbered messages.
func (s *servers) message(m broker.Message) {
	topic, ok := strings.CutSuffix(m.Topic, "/"+numbered)
	if !ok {
		return
	}
	id := topic[strings.LastIndexByte(topic, '/')+1:]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.arrived[id] == nil {
		s.arrived[id] = map[string]bool{}
	}
	s.arrived[id][string(m.Payload)] = true
}

// came reports whether a numbered message of a device has arrived.
func (s *servers) came(id, payload string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.arrived[id][payload]
}
