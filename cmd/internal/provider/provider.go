package provider

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"sync"
)

// Provider is an http.Handler that serves everything below its issuer. One request is handled at a
// time, under mu; what it answers is written afterwards.
type Provider struct {
	opt     Options
	keys    *keyring
	mux     *http.ServeMux
	clients map[string]*Client
	users   map[string]*User

	mu       sync.Mutex
	codes    codes
	grants   grants
	sessions sessions
	tries    limiter // of user codes, by account
	signIns  limiter // by account
	outbox   []Event
}

// New returns a Provider.
func New(o Options) (*Provider, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	keys, err := newKeyring(o.Key)
	if err != nil {
		return nil, fmt.Errorf("provider: %w", err)
	}
	p := &Provider{opt: o, keys: keys, clients: map[string]*Client{}, users: map[string]*User{}}
	for _, c := range o.Clients {
		p.clients[c.ID] = &c
	}
	for _, u := range o.Users {
		p.users[u.Username] = &u
	}
	p.codes, p.grants, p.sessions = newCodes(), newGrants(o.SharedGrants), newSessions()
	p.tries, p.signIns = newLimiter(), newLimiter()
	p.routes()
	return p, nil
}

func (p *Provider) routes() {
	p.mux = http.NewServeMux()
	p.mux.HandleFunc("GET /.well-known/openid-configuration", p.serve(p.metadata))
	p.mux.HandleFunc("GET /.well-known/oauth-authorization-server", p.serve(p.metadata))
	p.mux.HandleFunc("GET /jwks", p.serve(p.jwks))
	p.mux.HandleFunc("POST /device_authorization", p.serve(p.endpoint(p.deviceAuthorization)))
	p.mux.HandleFunc("POST /token", p.serve(p.endpoint(p.token)))
	p.mux.HandleFunc("POST /revoke", p.serve(p.endpoint(p.revoke)))
	p.mux.HandleFunc("GET /userinfo", p.serve(p.userinfo))
	p.mux.HandleFunc("POST /userinfo", p.serve(p.userinfo))
	p.pageRoutes()
}

// ServeHTTP implements http.Handler.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// maxBody bounds what a request may send.
const maxBody = 16 << 10

// answer is a response not yet written.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// serve reports what happened to the observer, and then writes what h answers: a client that has an answer finds it counted.
func (p *Provider) serve(h func(*http.Request) answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		// An error leaves the form empty or short; a handler that needs a field misses it.
		_ = r.ParseForm()
		var a answer
		p.report(p.exclusively(func() { a = h(r) }))
		maps.Copy(w.Header(), a.header)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body) // the client may have left
	}
}

// exclusively runs f under the lock and returns the events it emitted.
func (p *Provider) exclusively(f func()) []Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
	events := p.outbox
	p.outbox = nil
	return events
}

func (p *Provider) report(events []Event) {
	for _, e := range events {
		p.opt.Observe(e)
	}
}

// jsonAnswer is for answers with secrets in them. RFC 6749 section 5.1: "The authorization server MUST
// include the HTTP "Cache-Control" response header field with a value of "no-store" in any response
// containing tokens, credentials, or other sensitive information".
func jsonAnswer(status int, v any) answer {
	a := publicAnswer(status, v)
	a.header.Set("Cache-Control", "no-store")
	a.header.Set("Pragma", "no-cache")
	return a
}

// publicAnswer is for metadata and keys, which are public.
func publicAnswer(status int, v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		return answer{status: http.StatusInternalServerError, header: http.Header{}}
	}
	return answer{status: status, header: http.Header{"Content-Type": {"application/json"}}, body: body}
}

// redirect sends a browser on with a GET.
func redirect(to string) answer {
	return answer{status: http.StatusSeeOther, header: http.Header{"Location": {to}, "Cache-Control": {"no-store"}}}
}
