package fleet

import (
	"crypto/tls"
	"net"
	"net/http"
	"strconv"
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

	authority *authority // nil: no TLS
	engine    engine

	mu      sync.Mutex
	arrived map[string]map[string]bool // payloads by topic
}

// startServers starts both on loopback.
func startServers(o Options) (*servers, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &servers{issuer: "http://" + l.Addr().String(), codes: make(chan struct{}, 1), arrived: map[string]map[string]bool{}}
	if o.TLS {
		if s.authority, err = newAuthority(o.CAFile); err != nil {
			return nil, err
		}
		s.issuer, l = "https://"+l.Addr().String(), tls.NewListener(l, s.authority.config())
	}
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
	return s, s.startEngine(o)
}

func (s *servers) close() {
	_ = s.http.Close() // the process ends
	s.engine.close()
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

// startEngine starts the broker: NATS where a program for it is given, else the lab's own.
func (s *servers) startEngine(o Options) (err error) {
	if o.NATS != "" {
		s.engine, err = startCluster(o.NATS, o.State, s.provider.Keys().Keys[0].Key, s.message)
		return err
	}
	b := broker.Options{
		Issuer: s.issuer, Audience: audience, Scope: scope, Keys: s.provider.Keys(), Root: root,
		Message: func(m broker.Message) { s.message(m.Topic, m.Payload) },
	}
	if s.authority != nil {
		b.TLS = s.authority.config()
	}
	s.engine, err = startLabBroker(b)
	return err
}

func hostOf(address string) string {
	_, host, _ := strings.Cut(address, "://")
	return host
}

// roll changes the certificate authority of server and broker. wait returns once all devices have connected after a moment.
func (s *servers) roll(wait func(ended time.Time) error) error {
	return s.authority.roll(func() error {
		s.http.SetKeepAlivesEnabled(false) // the next request is another connection
		defer s.http.SetKeepAlivesEnabled(true)
		ended := time.Now()
		if err := s.engine.restart(0); err != nil {
			return err
		}
		return wait(ended)
	})
}

// message keeps the numbered messages.
func (s *servers) message(topic string, payload []byte) {
	topic, ok := strings.CutSuffix(topic, "/"+numbered)
	if !ok {
		return
	}
	id := topic[strings.LastIndexByte(topic, '/')+1:]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.arrived[id] == nil {
		s.arrived[id] = map[string]bool{}
	}
	s.arrived[id][string(payload)] = true
}

// missing counts the messages of a device, numbered from 1, that have not arrived.
func (s *servers) missing(id string, numbered int) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for number := range numbered {
		if !s.arrived[id][strconv.Itoa(number+1)] {
			n++
		}
	}
	return n
}
