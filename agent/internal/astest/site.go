package astest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptrace"
	"net/url"
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
	Unusable  bool      // its token_type cannot be used
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

func refusal(code string) (int, map[string]any, *Issue) {
	return http.StatusBadRequest, map[string]any{"error": code}, nil
}

// act is the server.
func (s *Site) act(path, body string, treat Treatment) (int, map[string]any, *Issue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	form, _ := url.ParseQuery(body)
	switch path {
	case "/.well-known/openid-configuration":
		return http.StatusOK, s.metadata(), nil
	case "/jwks":
		return http.StatusOK, s.jwks(), nil
	case s.at("device"):
		return s.begin()
	case s.at("token"):
		return s.token(form, treat)
	case s.at("revoke"):
		s.server.Revoke(form.Get("token"))
		return http.StatusOK, nil, nil
	}
	return http.StatusNotFound, nil, nil
}

func (s *Site) at(name string) string { return fmt.Sprintf("/%d/%s", s.moved, name) }

func (s *Site) metadata() map[string]any {
	m := map[string]any{
		"issuer": Issuer, "device_authorization_endpoint": Issuer + s.at("device"), "token_endpoint": Issuer + s.at("token"),
		"revocation_endpoint": Issuer + s.at("revoke"), "jwks_uri": Issuer + "/jwks",
		"id_token_signing_alg_values_supported": []string{"ES256"}, "response_types_supported": []string{"code"},
		"subject_types_supported": []string{"public"}, "authorization_endpoint": Issuer + "/authorize",
	}
	return m
}

// begin is the device authorization request (RFC 8628 section 3.1).
func (s *Site) begin() (int, map[string]any, *Issue) {
	c := &code{given: time.Now(), decision: Decision{After: 20 * time.Second, Approve: true, Account: "alice"}}
	if s.Decide != nil {
		c.decision = s.Decide(len(s.codes))
	}
	s.codes = append(s.codes, c)
	return http.StatusOK, map[string]any{
		"device_code": fmt.Sprint("device-code-", len(s.codes)), "user_code": fmt.Sprint("CODE-", len(s.codes)),
		"verification_uri": Issuer + "/d", "expires_in": int(s.CodeLife.Seconds()), "interval": 5,
	}, nil
}

// token is the token request (RFC 6749 section 3.2, RFC 8628 section 3.4).
func (s *Site) token(form url.Values, treat Treatment) (int, map[string]any, *Issue) {
	now := time.Now()
	if form.Get("grant_type") == "refresh_token" {
		t, err := s.server.Refresh(form.Get("refresh_token"), now)
		if err != nil {
			return refusal("invalid_grant")
		}
		return s.issue(t, false, treat)
	}
	var n int
	if _, err := fmt.Sscanf(form.Get("device_code"), "device-code-%d", &n); err != nil || n < 1 || n > len(s.codes) {
		return refusal("invalid_grant")
	}
	c := s.codes[n-1]
	switch {
	case c.spent != "":
		if chain, _, ok := s.server.find(c.spent); ok && s.Respends {
			s.server.end(s.server.chains[chain].grant, Respent)
		}
		return refusal("invalid_grant")
	case now.Sub(c.given) > s.CodeLife:
		return refusal("expired_token")
	case now.Sub(c.given) < c.decision.After:
		return refusal("authorization_pending")
	case !c.decision.Approve:
		return refusal("access_denied")
	}
	t := s.server.Pair(c.decision.Account, now)
	c.spent = t.Refresh
	return s.issue(t, true, treat)
}

// issue is a token response.
func (s *Site) issue(t Tokens, pairing bool, treat Treatment) (int, map[string]any, *Issue) {
	issue := &Issue{Tokens: t, Pairing: pairing, Unusable: treat.Unusable}
	s.issues = append(s.issues, issue)
	fields := map[string]any{
		"access_token": t.Access, "token_type": "Bearer", "refresh_token": t.Refresh, "expires_in": int(s.Lifetime.Seconds()),
	}
	if treat.Unusable {
		fields["token_type"] = "mac"
	}
	if s.IDTokens {
		fields["id_token"] = s.idToken(t.Account)
	}
	return http.StatusOK, fields, issue
}

// idToken is a signed ID token (OpenID Connect Core section 2).
func (s *Site) idToken(account string) string {
	now := time.Now().Unix()
	part := func(v any) string { b, _ := json.Marshal(v); return base64.RawURLEncoding.EncodeToString(b) }
	text := part(map[string]any{"alg": "ES256", "kid": "1"}) + "." +
		part(map[string]any{"iss": Issuer, "sub": account, "aud": ClientID, "iat": now, "exp": now + 3600})
	sum := sha256.Sum256([]byte(text))
	r, sig, err := ecdsa.Sign(rand.Reader, s.signer(), sum[:])
	if err != nil {
		panic(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(append(padded(r), padded(sig)...))
}

func padded(n *big.Int) []byte { return n.FillBytes(make([]byte, 32)) }

func (s *Site) signer() *ecdsa.PrivateKey {
	if s.key == nil {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		s.key = key
	}
	return s.key
}

func (s *Site) jwks() map[string]any {
	point, err := s.signer().PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	return map[string]any{"keys": []any{map[string]any{
		"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "1", "x": b64(point[1:33]), "y": b64(point[33:]),
	}}}
}
