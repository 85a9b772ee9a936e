package deviceauth

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// The endpoints of the authorization server that the tests play.
const (
	issuer    = "https://as.example"
	deviceURL = issuer + "/device"
	tokenURL  = issuer + "/token"
	revokeURL = issuer + "/revoke"
	keysURL   = issuer + "/keys"
)

// call is a request that the server got.
type call struct {
	at     time.Time
	method string
	url    string
	header http.Header
	form   url.Values
	raw    string
}

// wire is one answer: a response, or an error of the transport.
type wire struct {
	status int
	body   string
	header http.Header
	err    error
	lost   bool          // err comes after the request went out
	after  time.Duration // how long the server takes
}

func says(status int, body string, header ...string) wire {
	w := wire{status: status, body: body, header: http.Header{"Content-Type": {"application/json"}}}
	for i := 0; i+1 < len(header); i += 2 {
		w.header.Set(header[i], header[i+1])
	}
	return w
}

// server answers with scripts by URL: each request takes the next line, and the last one stays.
type server struct {
	t       *testing.T
	mu      sync.Mutex
	scripts map[string][]wire
	calls   []call
	handle  func(call) (wire, bool) // asked first

	lastClient *Client
}

func newServer(t *testing.T) *server {
	s := &server{t: t, scripts: map[string][]wire{}}
	s.on(issuer+"/.well-known/openid-configuration", says(200, metadataJSON(nil)))
	return s
}

func (s *server) on(url string, script ...wire) *server { s.scripts[url] = script; return s }

// metadataJSON is a document with all endpoints; more is put over it, nil removes.
func metadataJSON(more map[string]any) string {
	m := map[string]any{
		"issuer": issuer, "device_authorization_endpoint": deviceURL, "token_endpoint": tokenURL,
		"revocation_endpoint": revokeURL, "jwks_uri": keysURL,
	}
	for k, v := range more {
		if m[k] = v; v == nil {
			delete(m, k)
		}
	}
	b, _ := json.Marshal(m)
	return string(b)
}

func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	c := call{at: time.Now(), method: r.Method, url: r.URL.String(), header: r.Header.Clone()}
	if r.Body != nil {
		b, _ := io.ReadAll(r.Body)
		c.raw = string(b)
		c.form, _ = url.ParseQuery(c.raw)
	}
	w := s.next(c)
	if w.after > 0 {
		select {
		case <-time.After(w.after):
		case <-r.Context().Done():
			w.err, w.lost = r.Context().Err(), true
		}
	}
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && (w.err == nil || w.lost) {
		trace.WroteHeaders()
	}
	if w.err != nil {
		return nil, w.err
	}
	if w.header == nil {
		w.header = http.Header{}
	}
	return &http.Response{StatusCode: w.status, Header: w.header, Body: io.NopCloser(strings.NewReader(w.body)), Request: r}, nil
}

func (s *server) next(c call) wire {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, c)
	if s.handle != nil {
		if w, ok := s.handle(c); ok {
			return w
		}
	}
	script := s.scripts[c.url]
	if len(script) == 0 {
		return says(404, "")
	}
	if len(script) > 1 {
		s.scripts[c.url] = script[1:]
	}
	return script[0]
}

// to are the calls that a URL got.
func (s *server) to(url string) []call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var got []call
	for _, c := range s.calls {
		if c.url == url {
			got = append(got, c)
		}
	}
	return got
}

// client makes a Client of this server; edit may change its configuration.
func (s *server) client(edit ...func(*Config)) *Client {
	s.t.Helper()
	cfg := Config{Issuer: issuer, ClientID: "printer", Scopes: []string{"openid", "offline_access"}, HTTP: s, Version: "1.2.3"}
	for _, e := range edit {
		e(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	s.lastClient = c
	return c
}

// The usual answers.
const (
	deviceJSON = `{"device_code":"dc-secret","user_code":"WDJB-MJHT","verification_uri":"https://as.example/go",` +
		`"verification_uri_complete":"https://as.example/go?user_code=WDJB-MJHT","expires_in":600,"interval":5}`
	tokenJSON = `{"access_token":"at-1","token_type":"bearer","refresh_token":"rt-1","expires_in":3600}`
)

func pending() wire  { return says(400, `{"error":"authorization_pending"}`) }
func slowDown() wire { return says(400, `{"error":"slow_down"}`) }

// begin is Begin that must work.
func begin(t *testing.T, c *Client) Pending {
	t.Helper()
	p, err := c.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// wantKind fails the test unless err is an *Error of that kind.
func wantKind(t *testing.T, err error, kind Kind) *Error {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != kind {
		t.Fatalf("got %v, want an error of kind %s", err, kind)
	}
	return e
}

// gaps are the times between calls, the first measured from start.
func gaps(start time.Time, calls []call) []time.Duration {
	var g []time.Duration
	for _, c := range calls {
		g = append(g, c.at.Sub(start))
		start = c.at
	}
	return g
}
