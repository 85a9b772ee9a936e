// Package providertest runs the lab's authorization server for a test, whose decisions the test sets.
package providertest

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/provider"
)

// signingKey is one for all servers of a test program: making it takes long.
var signingKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// Server is a provider on loopback. All codes wait until Decide.
type Server struct {
	*provider.Provider
	URL string

	asked chan struct{}

	mu          sync.Mutex
	standing    *provider.Decision // on codes that come
	unavailable bool
	count       map[provider.Kind]int
	secrets     []string
	codes       []string
}

// New starts a server whose accounts are alice (named Alice) and bob, and whose clients printer, cli and other may ask for
// any scope of Scopes. change, which may be nil, sees the options first.
func New(t testing.TB, change func(*provider.Options)) *Server {
	t.Helper()
	key, err := signingKey()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{asked: make(chan struct{}, 16), count: map[provider.Kind]int{}}
	h := httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	s.URL = "http://" + h.Listener.Addr().String()
	o := options(s.URL)
	o.Key, o.Observe = key, s.observe
	if change != nil {
		change(&o)
	}
	if s.Provider, err = provider.New(o); err != nil {
		t.Fatal(err)
	}
	h.Start()
	t.Cleanup(h.Close)
	return s
}

// Scopes are what the clients may ask for.
var Scopes = []string{"openid", "profile", "email", "offline_access", "telemetry", "print", "scan"}

func options(issuer string) provider.Options {
	o := provider.Options{
		Issuer:         issuer,
		AccessLifetime: time.Hour,
		Interval:       time.Second,
		Users: []provider.User{
			{Subject: "alice-1", Username: "alice", Password: "alice", Name: "Alice"},
			{Subject: "bob-1", Username: "bob", Password: "bob", Name: "Bob"},
		},
	}
	for _, id := range []string{"printer", "cli", "other"} {
		o.Clients = append(o.Clients, provider.Client{ID: id, Name: id, Scopes: Scopes})
	}
	return o
}

// Always decides on the codes that wait and on all that come, as alice.
func (s *Server) Always(d provider.Decision) {
	s.mu.Lock()
	s.standing, s.unavailable = &d, false
	s.mu.Unlock()
	s.decide()
}

// Wait lets the codes that come wait.
func (s *Server) Wait() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.standing, s.unavailable = nil, false
}

// Unavailable answers requests for a code by 503 from now on, until the next Wait or Always.
func (s *Server) Unavailable() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unavailable = true
}

// decide applies the standing decision to what waits.
func (s *Server) decide() {
	s.mu.Lock()
	d := s.standing
	s.mu.Unlock()
	if d == nil {
		return
	}
	for _, p := range s.Pending() {
		_ = s.Decide(p.UserCode, "alice", *d) // an error: another call was faster
	}
}

// Asked receives a value for each code that was asked for, with or without success.
func (s *Server) Asked() <-chan struct{} { return s.asked }

// Count is how often that happened.
func (s *Server) Count(k provider.Kind) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count[k]
}

func (s *Server) observe(e provider.Event) {
	s.mu.Lock()
	s.count[e.Kind]++
	s.mu.Unlock()
	if e.Kind == provider.CodeIssued {
		s.decide() // before the client polls
		s.note()
	}
}

// note reports to the test that a code was asked for, if it reads Asked.
func (s *Server) note() {
	select {
	case s.asked <- struct{}{}:
	default:
	}
}

// Leak returns a part of text that must not be there: a token or a device code, or with codes true a user code.
func (s *Server) Leak(text string, codes bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	secret := s.secrets
	if codes {
		secret = slices.Concat(s.secrets, s.codes)
	}
	if i := slices.IndexFunc(secret, func(secret string) bool { return strings.Contains(text, secret) }); i >= 0 {
		return secret[i]
	}
	return ""
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	refuse := s.unavailable && r.URL.Path == "/device_authorization"
	s.mu.Unlock()
	if !refuse {
		s.record(w, r)
		return
	}
	w.Header().Set("Retry-After", "2") // longer than a client keeps silent about it
	http.Error(w, "out of order", http.StatusServiceUnavailable)
	s.note()
}

// record serves the request and keeps the secrets of the answer for Leak.
func (s *Server) record(w http.ResponseWriter, r *http.Request) {
	rec := &recorder{ResponseWriter: w}
	s.Provider.ServeHTTP(rec, r)
	var fields map[string]any
	if json.Unmarshal(rec.body, &fields) != nil {
		return // a page
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range []string{"device_code", "access_token", "refresh_token", "id_token"} {
		if v, ok := fields[name].(string); ok {
			s.secrets = append(s.secrets, v)
		}
	}
	if v, ok := fields["user_code"].(string); ok {
		s.codes = append(s.codes, v)
	}
}

// recorder copies the body.
type recorder struct {
	http.ResponseWriter
	body []byte
}

func (r *recorder) Write(b []byte) (int, error) {
	r.body = append(r.body, b...)
	return r.ResponseWriter.Write(b)
}
