package astest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// Issuer and ClientID of every Site.
const (
	Issuer   = "https://as.example"
	ClientID = "lamp"
)

// Treatment is what becomes of one request.
type Treatment struct {
	There, Back time.Duration // how long the request and the response travel
	Refused     bool          // no connection at all
	Status      int           // answered instead of the server; 0: the server answers
	Lose        bool          // the server has acted and the response does not arrive
	Unusable    bool          // a token response has a token_type that cannot be used
	ForeignID   bool          // a token response has the ID token of another client
}

// Decision is what the user does with a code.
type Decision struct {
	After   time.Duration // since the code was given
	Approve bool
	Account string
}

// Issue is one token response of the server.
type Issue struct {
	Tokens
	Pairing   bool
	Unusable  bool      // its token_type or, at a pairing, its ID token cannot be used
	Delivered time.Time // zero: it was lost, or is on its way
	Lost      time.Time
	Abandoned bool // the client did not wait for it
}

// Site is a Server behind HTTP. Its fields are set before the first request.
type Site struct {
	Treat    func(path string) Treatment // nil: all is well
	Decide   func(code int) Decision     // nil: approved by "alice" after 20 s
	Lifetime time.Duration               // of access tokens
	CodeLife time.Duration
	IDTokens bool
	Respends bool // a device code that is used again ends its grant (oidc-provider)

	mu     sync.Mutex
	server *Server
	codes  []*code
	issues []*Issue
	moved  int // how often the endpoints moved
	key    *ecdsa.PrivateKey
}

// code is one device authorization.
type code struct {
	given    time.Time
	decision Decision
	spent    string // the refresh token it was spent for
}

// NewSite puts a server behind HTTP.
func NewSite(s *Server) *Site {
	return &Site{server: s, Lifetime: time.Hour, CodeLife: 10 * time.Minute}
}

// With runs fn with the server and what it has issued.
func (s *Site) With(fn func(server *Server, issues []*Issue)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn(s.server, s.issues)
}

// Move moves the endpoints: the old ones answer 404, the metadata names the new ones.
func (s *Site) Move() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moved++
}

// Client is a device's way to the site, which ends with ctx, as when its power goes.
func (s *Site) Client(ctx context.Context) http.RoundTripper { return roundTripper{s, ctx} }

type roundTripper struct {
	*Site
	power context.Context
}

var errReset = errors.New("connection reset by peer")

// RoundTrip lets the request travel, the server act, and the response travel back.
func (r roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	body := ""
	if req.Body != nil {
		b, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		body = string(b)
	}
	treat := Treatment{}
	if r.Treat != nil {
		treat = r.Treat(req.URL.Path)
	}
	if treat.Refused || r.power.Err() != nil {
		return nil, errReset
	}
	if trace := httptrace.ContextClientTrace(req.Context()); trace != nil && trace.WroteHeaders != nil {
		trace.WroteHeaders()
	}
	if err := r.travel(req.Context(), treat.There); err != nil {
		return nil, err
	}
	if treat.Status != 0 {
		return answer(req, treat.Status, map[string]any{"error": "temporarily_unavailable"}), nil
	}
	status, fields, issue := r.act(req.URL.Path, body, treat)
	err := r.travel(req.Context(), treat.Back)
	if err == nil && treat.Lose {
		err = errReset
	}
	r.arrived(issue, err, req.Context().Err() != nil && r.power.Err() == nil)
	if err != nil {
		return nil, err
	}
	return answer(req, status, fields), nil
}

// travel waits; the request's end or the device's cuts it short.
func (r roundTripper) travel(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-r.power.Done():
		return errReset
	case <-t.C:
		return nil
	}
}

func (s *Site) arrived(issue *Issue, err error, abandoned bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case issue == nil:
	case err != nil:
		issue.Lost, issue.Abandoned = time.Now(), abandoned
	default:
		issue.Delivered = time.Now()
	}
}

func answer(req *http.Request, status int, fields map[string]any) *http.Response {
	b, _ := json.Marshal(fields)
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(b)), ContentLength: int64(len(b)),
	}
}
