package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// storage implements op.Storage and op.DeviceAuthorizationStorage in memory.
type storage struct {
	lifetime time.Duration
	key      signingKey

	mu      sync.Mutex
	codes   map[string]*authorization // by device code
	grants  map[string]*grant         // by any refresh token they ever had
	subject map[string]string         // of access tokens that are good, by id
}

// authorization is one run of RFC 8628.
type authorization struct {
	op.DeviceAuthorizationState
	userCode string
}

// grant is the chain of refresh tokens of one approval. It implements op.RefreshTokenRequest.
type grant struct {
	op.DeviceAuthorizationState
	current string // refresh token
	scopes  []string
}

func (g *grant) GetScopes() []string          { return g.scopes }
func (g *grant) SetCurrentScopes(to []string) { g.scopes = to }

func newStorage(lifetime time.Duration) (*storage, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	return &storage{
		lifetime: lifetime, key: signingKey{key},
		codes: map[string]*authorization{}, grants: map[string]*grant{}, subject: map[string]string{},
	}, err
}

// decide is the page's form: user_code, user and decision.
func (s *storage) decide(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.codes {
		if a.userCode == r.FormValue("user_code") && !a.Done && !a.Denied {
			a.Done, a.Denied = r.FormValue("decision") == "approve", r.FormValue("decision") != "approve"
			a.Subject, a.AuthTime = r.FormValue("user"), time.Now()
			return
		}
	}
	http.Error(w, "this code is not known", http.StatusNotFound)
}

func (s *storage) StoreDeviceAuthorization(_ context.Context, client, deviceCode, userCode string, expires time.Time, scopes []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[deviceCode] = &authorization{
		op.DeviceAuthorizationState{ClientID: client, Scopes: scopes, Expires: expires, Audience: []string{"mqtt"}}, userCode,
	}
	return nil
}

// GetDeviceAuthorizatonState gives an approved code away once: the library itself would take it again.
func (s *storage) GetDeviceAuthorizatonState(_ context.Context, client, deviceCode string) (*op.DeviceAuthorizationState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.codes[deviceCode]
	if a == nil || a.ClientID != client {
		return nil, errors.New("unknown device code")
	}
	if a.Done {
		delete(s.codes, deviceCode)
	}
	state := a.DeviceAuthorizationState
	return &state, nil
}

func (s *storage) CreateAccessToken(_ context.Context, r op.TokenRequest) (string, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.access(r)
}

func (s *storage) access(r op.TokenRequest) (string, time.Time, error) {
	id := rand.Text()
	s.subject[id] = r.GetSubject()
	return id, time.Now().Add(s.lifetime), nil
}

// CreateAccessAndRefreshTokens rotates (RFC 9700 section 4.14.2); used is "" for the first tokens of a grant.
func (s *storage) CreateAccessAndRefreshTokens(_ context.Context, r op.TokenRequest, used string) (string, string, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.grants[used]
	if g == nil {
		state, ok := r.(*op.DeviceAuthorizationState)
		if !ok {
			return "", "", time.Time{}, errors.New("the grant has ended")
		}
		g = &grant{DeviceAuthorizationState: *state, scopes: state.Scopes}
	}
	g.current = rand.Text()
	s.grants[g.current] = g
	say(map[string]any{"event": "granted", "grant_type": grantType(used)})
	id, exp, err := s.access(r)
	return id, g.current, exp, err
}

func grantType(used string) oidc.GrantType {
	if used == "" {
		return oidc.GrantTypeDeviceCode
	}
	return oidc.GrantTypeRefreshToken
}

// TokenRequestByRefreshToken ends the grant of a token that was used before.
func (s *storage) TokenRequestByRefreshToken(_ context.Context, token string) (op.RefreshTokenRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.grants[token]
	switch {
	case g == nil:
		return nil, op.ErrInvalidRefreshToken
	case g.current != token:
		s.end(g)
		return nil, op.ErrInvalidRefreshToken
	}
	now := *g
	now.scopes = g.Scopes
	return &now, nil
}

func (s *storage) end(g *grant) {
	for token, other := range s.grants {
		if other == g {
			delete(s.grants, token)
		}
	}
}

func (s *storage) GetRefreshTokenInfo(_ context.Context, client, token string) (string, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.grants[token]
	if g == nil || g.ClientID != client {
		return "", "", op.ErrInvalidRefreshToken
	}
	return g.Subject, token, nil
}

func (s *storage) RevokeToken(_ context.Context, token, _, _ string) *oidc.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.grants[token]; g != nil {
		s.end(g)
		say(map[string]any{"event": "revoked"})
	}
	delete(s.subject, token)
	return nil
}

func (s *storage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if c := clients[id]; c != nil {
		return c, nil
	}
	return nil, oidc.ErrInvalidClient()
}

func (s *storage) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	if c := clients[id]; c != nil && c.secret != "" && c.secret == secret {
		return nil
	}
	return errors.New("wrong secret")
}

func (s *storage) SetUserinfoFromToken(_ context.Context, u *oidc.UserInfo, id, subject, _ string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.subject[id] != subject {
		return errors.New("this token is not good")
	}
	u.Subject, u.Name = subject, subject+" Example"
	return nil
}

// SetUserinfoFromScopes fills the ID token: with the subject alone, so that a client has to ask userinfo for a name.
func (s *storage) SetUserinfoFromScopes(_ context.Context, u *oidc.UserInfo, subject, _ string, _ []string) error {
	u.Subject = subject
	return nil
}

// signingKey implements op.SigningKey and op.Key.
type signingKey struct{ key *rsa.PrivateKey }

func (k signingKey) ID() string                                  { return "k1" }
func (k signingKey) Algorithm() jose.SignatureAlgorithm          { return jose.RS256 }
func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (k signingKey) Use() string                                 { return "sig" }
func (k signingKey) Key() any                                    { return k.key }

// publicKey is the half that clients see.
type publicKey struct{ signingKey }

func (k publicKey) Key() any { return &k.key.PublicKey }

func (s *storage) SigningKey(context.Context) (op.SigningKey, error) { return s.key, nil }
func (s *storage) KeySet(context.Context) ([]op.Key, error)          { return []op.Key{publicKey{s.key}}, nil }

func (s *storage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.RS256}, nil
}
