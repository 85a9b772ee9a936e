package deviceauth

import (
	"fmt"
	"time"
)

// Pending is a device authorization in progress (RFC 8628 section 3.2). It marshals to JSON so that
// the daemon can keep it, sealed, and go on with the same code after a reboot. DeviceCode and
// CodeVerifier are secrets and never shown.
type Pending struct {
	DeviceCode              string        `json:"device_code"`
	UserCode                string        `json:"user_code"` // as the server spells it
	VerificationURI         string        `json:"verification_uri"`
	VerificationURIComplete string        `json:"verification_uri_complete,omitempty"`
	Interval                time.Duration `json:"interval"`   // least time between an answer and the next poll
	ExpiresIn               time.Duration `json:"expires_in"` // from Issued, clamped to 1 s .. 1 h
	Issued                  time.Time     `json:"issued"`     // carries the monotonic clock within one process
	CodeVerifier            string        `json:"code_verifier,omitempty"`
	Issuer                  string        `json:"issuer,omitempty"` // what the session is bound to: never
	ClientID                string        `json:"client_id"`        // resumed under another configuration
	TokenEndpoint           string        `json:"token_endpoint"`
}

// Deadline is when the codes stop being valid.
func (p Pending) Deadline() time.Time { return p.Issued.Add(p.ExpiresIn) }

// Token is a token response (RFC 6749 section 5.1, RFC 8628 section 3.5) with what its ID token says.
type Token struct {
	AccessToken  string
	TokenType    string // "Bearer" or "DPoP", in this spelling
	RefreshToken string // empty where the server gives none
	IDToken      string // verified; empty where there is none
	Scope        string // as granted; as asked where the server does not say

	// Expiry is when the access token ends, with the monotonic clock of the answer's arrival; zero
	// where the server does not say.
	Expiry   time.Time
	Lifetime time.Duration // expires_in; zero where the server does not say

	Issuer        string         // the configured issuer, empty with endpoints by hand
	ClientID      string         //
	TokenEndpoint string         // where it was issued: a refresh token is sent nowhere else
	Subject       string         // `sub` of the verified ID token, or empty
	Name          string         // first of name, preferred_username, email, sub; cleaned of control characters
	Claims        map[string]any // of the verified ID token, for {claim:x}
}

// Kind says what a failed request means for its caller. The first eight are the problem codes that
// the daemon shows; the last three are answers to a refresh only.
type Kind string

// The kinds of failure.
const (
	NoNetwork     Kind = "no_network"     // no answer came: retry
	TLS           Kind = "tls"            // the peer's certificate was refused: retry
	CaptivePortal Kind = "captive_portal" // somebody else answered and wants a sign-in: retry
	Server        Kind = "server"         // 5xx, 429, an answer that is none: retry
	Misconfigured Kind = "config"         // the server refuses this client, scope or proof: a person must act
	Denied        Kind = "denied"         // access_denied
	Expired       Kind = "expired"        // the device code ran out
	ClockUnset    Kind = "clock_unset"    // no verdict is possible before the clock is set

	Gone     Kind = "gone"     // the grant ended: pair again
	Doubtful Kind = "doubtful" // invalid_request or an empty 400 at refresh: three tries, then gone
	Lost     Kind = "lost"     // the refresh request went out and its answer was lost: repeat at once
)

// Error is what every method of Client returns when it fails for another reason than its context.
type Error struct {
	Kind       Kind
	Op         string        // "metadata", "device authorization", "token", "refresh", "revocation"
	Detail     string        // one line for a person; never a secret
	RetryAfter time.Duration // what the server asked for, 0 if nothing, at most an hour
	Err        error         // the cause, if there is one
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Op, e.Detail) }
func (e *Error) Unwrap() error { return e.Err }
