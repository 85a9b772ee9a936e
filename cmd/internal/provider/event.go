package provider

import (
	"errors"
	"fmt"
	"time"
)

// Kind is what happened.
type Kind string

// What can happen.
const (
	CodeIssued   Kind = "code_issued"   // a device asked to be paired
	CodeReviewed Kind = "code_reviewed" // a user sees the consent page of a code
	CodeUnknown  Kind = "code_unknown"  // a user typed a code that is none
	CodeExpired  Kind = "code_expired"  // a poll was answered so
	SignedIn     Kind = "signed_in"
	SignInFailed Kind = "sign_in_failed"
	Approved     Kind = "approved" // by the user
	Denied       Kind = "denied"   // by the user
	Tokens       Kind = "tokens"   // the device fetched its first tokens
	Refreshed    Kind = "refreshed"
	Reused       Kind = "reuse_detected" // a retired refresh token came back: the grant ended
	Revoked      Kind = "revoked"
)

// Event is one thing that happened. It never carries a code or a token.
type Event struct {
	At      time.Time
	Kind    Kind
	Client  string // client's name, where there is one
	Device  string // device's name or id, where it sent one
	Account string // user's name, where there is one
}

// Pending is a code that waits for its user.
type Pending struct {
	UserCode                string
	VerificationURI         string
	VerificationURIComplete string
	Device                  string
	Expires                 time.Time
}

// Pending lists the codes that wait, the newest last. It is for programs that play the user.
func (p *Provider) Pending() []Pending {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []Pending
	for _, a := range p.codes.inOrder() {
		if a.open(p.opt.Now()) {
			all = append(all, Pending{
				UserCode:                a.userCode,
				VerificationURI:         p.verificationURI(),
				VerificationURIComplete: p.completeURI(a.userCode),
				Device:                  a.device.label(),
				Expires:                 a.expires,
			})
		}
	}
	return all
}

// emit notes an event for the observer, which gets it once the request is settled and before its answer is written.
func (p *Provider) emit(k Kind, about request, account string) {
	p.outbox = append(p.outbox, Event{At: p.opt.Now(), Kind: k, Client: about.clientName(), Device: about.device.label(), Account: account})
}

// Decision on a code that waits.
type Decision int

// What Decide can do.
const (
	Approve Decision = iota
	Deny
	Expire // end the life of the code, as if its time were over
)

// Decide does to a waiting code what the user with that name would do at the pages. It is for programs that play the
// user.
func (p *Provider) Decide(userCode, username string, d Decision) (err error) {
	p.report(p.exclusively(func() { err = p.decideNow(userCode, p.users[username], d) }))
	return err
}

func (p *Provider) decideNow(userCode string, u *User, d Decision) error {
	now := p.opt.Now()
	a := p.codes.byUser[normalize(userCode)]
	switch {
	case a == nil || !a.open(now):
		return fmt.Errorf("provider: no code %s waits", userCode)
	case d == Expire:
		a.expires = now
	case u == nil:
		return errors.New("provider: unknown user")
	default:
		p.settle(a, u, now, d == Approve)
	}
	return nil
}

// settle makes the user's decision that of the authorization.
func (p *Provider) settle(a *authorization, u *User, signedIn time.Time, approve bool) {
	if approve {
		a.state, a.user, a.authTime = approved, u, signedIn
		p.emit(Approved, a.request, u.Name)
		return
	}
	a.state = denied
	p.emit(Denied, a.request, u.Name)
}
