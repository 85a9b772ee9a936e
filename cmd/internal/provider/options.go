package provider

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"
)

// Client is a registered client. One without a Secret is public (RFC 6749 section 2.1).
type Client struct {
	ID     string
	Name   string   // shown on the consent page
	Secret string   // "" for a public client
	Scopes []string // what it may ask for
}

// User is an account that can sign in.
type User struct {
	Subject  string // `sub`, never changes
	Username string // typed at sign-in; also preferred_username
	Password string
	Name     string
	Email    string
}

// Rotation is what a refresh does to the refresh token.
type Rotation struct {
	// Off keeps the same refresh token for good. It is refused beside public clients: RFC 9700 section 2.2.2,
	// "Refresh tokens for public clients MUST be sender-constrained or use refresh token rotation".
	Off bool
	// Grace is how long the token just replaced may still be presented, because the answer may have been lost.
	// 0: its use ends the grant.
	Grace time.Duration
}

// Options describe a Provider. Issuer, Clients and Users are required.
type Options struct {
	Issuer    string   // scheme and host only, such as "http://127.0.0.1:9000"
	Audiences []string // `aud` of access tokens; the first unless `resource` (RFC 8707) names another
	Clients   []Client
	Users     []User

	AccessLifetime  time.Duration // of access and ID tokens; default 10 min
	RefreshLifetime time.Duration // of a grant, since its last refresh; default 30 days
	CodeLifetime    time.Duration // of device and user code; default 10 min
	Interval        time.Duration // least time between polls, whole seconds; default 5 s
	Rotation        Rotation

	// SharedGrants makes all refresh tokens of a user and a client one grant, as oidc-provider, Logto and Keycloak do
	// with those of one browser session: revoking or reusing one ends all. False: each pairing is a grant of its own.
	SharedGrants bool

	FrameAncestors []string         // origins that may show the pages in a frame; none by default
	Key            *rsa.PrivateKey  // signs the tokens; default: a new one
	Now            func() time.Time // default time.Now
	Observe        func(Event)      // gets what happens, before the answer is written; may be nil
}

// check refuses what cannot work and fills in the defaults.
func (o *Options) check() error {
	u, err := url.Parse(o.Issuer)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.Path+u.RawQuery+u.Fragment != "" {
		return fmt.Errorf("issuer %q: give a scheme and a host only", o.Issuer)
	}
	public := func(c Client) bool { return c.Secret == "" }
	switch {
	case len(o.Clients) == 0 || len(o.Users) == 0:
		return errors.New("provider: at least one client and one user are needed")
	case o.Rotation.Off && slices.ContainsFunc(o.Clients, public):
		return errors.New("provider: public clients need refresh token rotation (RFC 9700 section 2.2.2)")
	case o.Interval%time.Second != 0:
		return fmt.Errorf("provider: interval %s is not whole seconds", o.Interval)
	}
	o.AccessLifetime = orDefault(o.AccessLifetime, 10*time.Minute)
	o.RefreshLifetime = orDefault(o.RefreshLifetime, 30*24*time.Hour)
	o.CodeLifetime = orDefault(o.CodeLifetime, 10*time.Minute)
	// RFC 8628 section 3.2: "If no value is provided, clients MUST use 5 as the default."
	o.Interval = orDefault(o.Interval, 5*time.Second)
	if len(o.Audiences) == 0 {
		o.Audiences = []string{o.Issuer}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Observe == nil {
		o.Observe = func(Event) {}
	}
	return nil
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}
