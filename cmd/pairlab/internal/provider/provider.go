package provider

import (
	"fmt"
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
	p.codes, p.grants, p.sessions = newCodes(), newGrants(), newSessions()
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
