package agent

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paird/paird/agent/deviceauth"
)

// authModel is the authorization server and what deviceauth makes of it.
type authModel struct {
	lab      *lab
	lifetime time.Duration
	codeLife time.Duration
	subject  string
	noRenew  bool // no refresh tokens
	steady   bool // refresh tokens do not rotate

	begin    func(n int) error                  // n-th request for a code, from 1; nil: granted
	decide   func(n int) (time.Duration, error) // of the n-th code; nil: approved after 30 s
	refresh  func(n int) error                  // n-th refresh, from 1
	slow     time.Duration                      // what a refresh takes
	slowCode time.Duration                      // what a code takes
	audience func(n int) error
	verify   func(n int) error // n-th check of an ID token, from 1; nil: good
	slowKeys time.Duration     // what that takes
	signs    bool              // answers have ID tokens
	unusable func(n int) error // of the n-th answer with tokens; nil: it is fine
	revoke   error

	mu                                                  sync.Mutex
	begun, codes, issued, refreshes, furthers, verifies counter
}

// change changes how the model answers from now on.
func (m *authModel) change(fn func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	fn()
}

// asked is the answer of one of the functions above, which are called one at a time.
func (m *authModel) asked(fn *func(int) error, n int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if *fn == nil {
		return nil
	}
	return (*fn)(n)
}

// A counter counts requests.
type counter struct{ atomic.Int64 }

func (c *counter) next() int { return int(c.Add(1)) }
func (c *counter) n() int    { return int(c.Load()) }

// issue makes the n-th tokens: A1 and R1, A2 and R2.
func (m *authModel) issue() deviceauth.Token {
	n := m.issued.next()
	t := deviceauth.Token{
		AccessToken: fmt.Sprint("A", n), TokenType: "Bearer", RefreshToken: fmt.Sprint("R", n), Subject: m.subject,
		Issuer: "https://as", ClientID: "lamp", TokenEndpoint: "https://as/token", Lifetime: m.lifetime,
	}
	if m.lifetime > 0 {
		t.Expiry = time.Now().Add(m.lifetime)
	}
	if m.noRenew {
		t.RefreshToken = ""
	}
	if m.signs {
		t.IDToken = fmt.Sprint("I", n)
	}
	return t
}

func (m *authModel) Begin(ctx context.Context) (deviceauth.Pending, error) {
	n := m.begun.next()
	select {
	case <-ctx.Done():
		return deviceauth.Pending{}, ctx.Err()
	case <-time.After(m.slowCode):
	}
	if err := m.asked(&m.begin, n); err != nil {
		m.lab.note("no code")
		return deviceauth.Pending{}, err
	}
	c := m.codes.next()
	m.lab.note("code %d", c)
	return deviceauth.Pending{
		DeviceCode: fmt.Sprint("device", c), UserCode: fmt.Sprint("CODE-", c), VerificationURI: "https://as/d",
		Interval: 5 * time.Second, ExpiresIn: m.codeLife, Issued: time.Now(),
		Issuer: "https://as", ClientID: "lamp", TokenEndpoint: "https://as/token",
	}, nil
}

func (m *authModel) Wait(ctx context.Context, p deviceauth.Pending) (deviceauth.Token, error) {
	after, err := 30*time.Second, error(nil)
	if m.decide != nil {
		var n int
		fmt.Sscanf(p.DeviceCode, "device%d", &n)
		after, err = m.decide(n)
	}
	if left := time.Until(p.Deadline()); after > left {
		after, err = left, &deviceauth.Error{Kind: deviceauth.Expired, Op: "token", Detail: "not approved"}
	}
	select {
	case <-ctx.Done():
		return deviceauth.Token{}, ctx.Err()
	case <-time.After(after):
	}
	if err != nil {
		return deviceauth.Token{}, err
	}
	m.lab.note("approved")
	return m.answered(m.issue())
}

func (m *authModel) Refresh(ctx context.Context, t deviceauth.Token) (deviceauth.Token, error) {
	n := m.refreshes.next()
	m.lab.note("refresh %s", t.RefreshToken)
	if m.slow > 0 {
		select {
		case <-ctx.Done():
			return deviceauth.Token{}, &deviceauth.Error{Kind: deviceauth.Lost, Op: "refresh", Detail: "cut off"}
		case <-time.After(m.slow):
		}
	}
	if err := m.asked(&m.refresh, n); err != nil {
		return deviceauth.Token{}, err
	}
	fresh := m.issue()
	if m.steady {
		fresh.RefreshToken = t.RefreshToken
	}
	if fresh.IDToken == "" {
		fresh.IDToken, fresh.Verified = t.IDToken, t.Verified
	}
	return m.answered(fresh)
}

func (m *authModel) Audience(ctx context.Context, t deviceauth.Token, r deviceauth.AudienceRequest) (a, rotated deviceauth.Token, err error) {
	n := m.furthers.next()
	m.lab.note("audience %s for %s", t.RefreshToken, r.Resource)
	if err := m.asked(&m.audience, n); err != nil {
		return a, rotated, err
	}
	a, rotated = m.issue(), t
	if !m.steady {
		rotated.RefreshToken = a.RefreshToken
	}
	a.RefreshToken = ""
	return a, rotated, nil
}

// answered is an answer of the token endpoint. What must not be used comes with its error.
func (m *authModel) answered(t deviceauth.Token) (deviceauth.Token, error) {
	if m.signs {
		t.Subject = "" // not before it is verified
	}
	return t, m.asked(&m.unusable, m.issued.n())
}

func (m *authModel) Verify(ctx context.Context, t deviceauth.Token) (deviceauth.Token, error) {
	if t.Verified || t.IDToken == "" {
		t.Verified = true
		return t, nil
	}
	n := m.verifies.next()
	m.lab.note("verify %s", t.IDToken)
	select {
	case <-ctx.Done():
		return t, ctx.Err()
	case <-time.After(m.slowKeys):
	}
	if err := m.asked(&m.verify, n); err != nil {
		return t, err
	}
	t.Verified, t.Subject, t.Name = true, m.subject, "Name of "+t.IDToken
	return t, nil
}

func (m *authModel) Revoke(ctx context.Context, t deviceauth.Token) error {
	m.lab.note("revoke %s", t.RefreshToken)
	if m.revoke != nil {
		<-ctx.Done() // an unreachable server takes all the time it is given
	}
	return m.revoke
}

// later is an error of Verify that says nothing against the ID token.
var later = &deviceauth.Error{Kind: deviceauth.NoNetwork, Op: "ID token", Detail: "no keys", Later: true}

func fails(kind deviceauth.Kind) error {
	return &deviceauth.Error{Kind: kind, Op: "refresh", Detail: "the server says " + string(kind)}
}

// lateAuth answers with a token at the very end of the daemon, or a little later.
type lateAuth struct {
	*authModel
	late time.Duration
}

func (a lateAuth) Wait(ctx context.Context, p deviceauth.Pending) (deviceauth.Token, error) {
	<-ctx.Done()
	time.Sleep(a.late)
	return a.answered(a.issue())
}
