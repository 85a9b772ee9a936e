package provider

import "time"

// Kind is what happened.
type Kind string

// What can happen.
const (
	CodeIssued  Kind = "code_issued"  // a device asked to be paired
	CodeUnknown Kind = "code_unknown" // somebody typed a code that is none
	CodeExpired Kind = "code_expired" // the device was told so
	SignedIn    Kind = "signed_in"
	SignInFails Kind = "sign_in_failed"
	Approved    Kind = "approved"
	Refused     Kind = "denied" // by the user
	Tokens      Kind = "tokens" // the device fetched its first tokens
	Refreshed   Kind = "refreshed"
	Reused      Kind = "reuse_detected" // a retired refresh token came back: the grant ended
	Revoked     Kind = "revoked"
)

// Event is one thing that happened. It never carries a code or a token.
type Event struct {
	At      time.Time
	Kind    Kind
	Client  string // client's name, where there is one
	Device  string // device's name or id, where it told
	Account string // user's name, where there is one
}

// Pending is a code that waits for its user: what the panel of the device shows right now.
type Pending struct {
	UserCode                string
	VerificationURI         string
	VerificationURIComplete string
	Device                  string
	Expires                 time.Time
}

// Pending lists the codes that wait, the newest last. It exists because this is a lab: it plays the
// eye that reads the panel.
func (p *Provider) Pending() []Pending {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []Pending
	for _, a := range p.codes.inOrder() {
		if a.state == waiting && p.opt.Now().Before(a.expires) {
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

// emit notes an event for delivery once the request's answer is settled.
func (p *Provider) emit(k Kind, g subjectMatter, account string) {
	p.outbox = append(p.outbox, Event{At: p.opt.Now(), Kind: k, Client: g.clientName(), Device: g.device.label(), Account: account})
}
