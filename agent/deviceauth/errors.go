package deviceauth

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/paird/paird/agent/internal/remote"
)

// Kind says what a failed request means for its caller. The first eight are the problem codes that
// the daemon shows; the last three are answers to a refresh only.
type Kind string

// The kinds of failure.
const (
	NoNetwork     Kind = "no_network"     // no response came: retry
	TLS           Kind = "tls"            // the peer's certificate was refused: retry
	CaptivePortal Kind = "captive_portal" // a captive portal answered in place of the server: retry
	Server        Kind = "server"         // 5xx, 429, a response that is not OAuth: retry
	Misconfigured Kind = "config"         // the server refuses this client, scope or proof: a person must act
	Denied        Kind = "denied"         // access_denied
	Expired       Kind = "expired"        // the device code ran out
	ClockUnset    Kind = "clock_unset"    // nothing can be verified before the clock is set

	Gone     Kind = "gone"     // the grant ended: pair again
	Doubtful Kind = "doubtful" // invalid_request or an empty 400 at refresh: three tries, then gone
	Lost     Kind = "lost"     // the refresh request went out and its response was lost: repeat at once
)

// Error is what every method of Client returns when it fails for another reason than its context.
type Error struct {
	Kind       Kind
	Op         string        // "metadata", "device authorization", "token", "refresh", "ID token", "revocation"
	Detail     string        // one line for a person; never a secret
	RetryAfter time.Duration // what the server asked for, 0 if nothing, at most an hour
	Later      bool          // of Verify: nothing is known against the ID token, ask again later
	Err        error         // the cause, if there is one
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Op, e.Detail) }
func (e *Error) Unwrap() error { return e.Err }

// commonKinds are the error codes that mean the same at every endpoint, from the RFCs and from the services that
// spell their own.
var commonKinds = map[string]Kind{
	"invalid_client":               Misconfigured, // RFC 6749 section 5.2
	"unauthorized_client":          Misconfigured,
	"unsupported_grant_type":       Misconfigured,
	"invalid_scope":                Misconfigured,
	"invalid_target":               Misconfigured, // RFC 8707 section 2
	"invalid_dpop_proof":           Misconfigured, // RFC 9449 section 5
	"invalid_client_metadata":      Misconfigured,
	"device_flow_disabled":         Misconfigured, // GitHub
	"incorrect_client_credentials": Misconfigured, // GitHub
	"org_internal":                 Misconfigured, // Google
	"admin_policy_enforced":        Misconfigured, // Google
	"server_error":                 Server,
	"temporarily_unavailable":      Server,
	"rate_limit_exceeded":          Server, // Google
	"slow_down":                    Server,
	"use_dpop_nonce":               Server, // again, after the nonce was used
}

// pollKinds are the error codes of a poll that end the code (RFC 8628 section 3.5).
var pollKinds = map[string]Kind{
	"access_denied":          Denied,
	"authorization_declined": Denied, // Entra
	"expired_token":          Expired,
	"token_expired":          Expired, // GitHub
}

// refreshKinds are the error codes of a refresh.
var refreshKinds = map[string]Kind{
	"invalid_grant":        Gone,
	"bad_refresh_token":    Gone,     // GitHub
	"invalid_request":      Doubtful, // Dex and Glewlwyd say so of a spent refresh token
	"access_denied":        Doubtful,
	"expired_token":        Doubtful,
	"interaction_required": Doubtful, // Entra: only the user can help
	"consent_required":     Doubtful,
	"login_required":       Doubtful,
}

const (
	laterAdvice  = "try again later"
	clientAdvice = "check client_id, client authentication and scopes"
)

// deviceError is what a device authorization response that is no success means.
func deviceError(op string, r oauthResponse) *Error {
	kind, known := commonKinds[r.oauthError.code]
	switch {
	case overloaded(r.status), kind == Server:
		return r.failed(Server, op, laterAdvice)
	case known, r.oauthError.code != "", r.status == http.StatusUnauthorized, r.status == http.StatusForbidden:
		return r.failed(Misconfigured, op, clientAdvice)
	case r.notFound():
		return r.failed(Misconfigured, op, "check the issuer and the endpoints")
	}
	return notOAuth(op, r.response)
}

// pollError is what the response to a poll means that is neither a success nor a reason to poll again. RFC 8628
// section 3.5: "If the client receives an error response with any other error code, it MUST stop polling". What does
// not come from the authorization server says nothing about the code: then final is false.
func pollError(r oauthResponse) (e *Error, final bool) {
	const op = "token"
	if overloaded(r.status) || r.oauthError.code == "" {
		return r.failed(Server, op, laterAdvice), false
	}
	if kind, ok := pollKinds[r.oauthError.code]; ok {
		return r.failed(kind, op, "pair again"), true
	}
	switch commonKinds[r.oauthError.code] {
	case Server:
		return r.failed(Server, op, laterAdvice), false
	case Misconfigured:
		return r.failed(Misconfigured, op, clientAdvice), true
	}
	return r.failed(Expired, op, "this code is no longer good, pair again"), true
}

// refreshError is what the response to a refresh that is no success means.
func refreshError(r oauthResponse) *Error {
	const op = "refresh"
	kind, known := refreshKinds[r.oauthError.code]
	common, shared := commonKinds[r.oauthError.code]
	switch {
	case overloaded(r.status):
		return r.failed(Server, op, laterAdvice)
	case known && kind == Gone:
		return r.failed(Gone, op, "pair again")
	case shared && common == Server:
		return r.failed(Server, op, laterAdvice)
	case shared:
		return r.failed(common, op, clientAdvice)
	case r.status == http.StatusUnauthorized, r.status == http.StatusForbidden:
		return r.failed(Misconfigured, op, "check client_id and client authentication")
	case known, r.status == http.StatusBadRequest && len(bytes.TrimSpace(r.body)) == 0:
		return r.failed(Doubtful, op, "the grant may be gone")
	}
	return r.failed(Server, op, laterAdvice)
}

// failed is the Error of a response with an error code.
func (r oauthResponse) failed(kind Kind, op, advice string) *Error {
	if kind == Server && r.oauthError.code == "" {
		return notOAuth(op, r.response)
	}
	return &Error{Kind: kind, Op: op, Detail: r.errorText() + ": " + advice, RetryAfter: r.retryAfter()}
}

// unusableToken is the Error of a token response that breaks the rules.
func (r oauthResponse) unusableToken(op string, err error) *Error {
	return &Error{Kind: Server, Op: op, Err: err, Detail: r.from.Host + " gave a token that cannot be used: " + err.Error()}
}

// notOAuth is the Error of a response that the authorization server cannot have meant so.
func notOAuth(op string, r response) *Error {
	e := &Error{Kind: Server, Op: op, RetryAfter: r.retryAfter()}
	switch {
	case r.status == http.StatusNetworkAuthenticationRequired, redirectedAway(r.status, r.header, r.from, true):
		e.Kind, e.Detail = CaptivePortal, wantsSignIn(r.from.Host)
	case r.status == http.StatusOK && webPage(r):
		e.Kind, e.Detail = CaptivePortal, wantsSignIn(r.from.Host)+" (it answers with a web page)"
	case r.status == http.StatusOK && len(r.body) > bodyLimit:
		e.Detail = fmt.Sprintf("%s answered with more than %d KiB: %s", r.from.Host, bodyLimit>>10, laterAdvice)
	case r.status == http.StatusOK:
		e.Detail = fmt.Sprintf("%s answered with something else than OAuth: %s", r.from.Host, laterAdvice)
	default:
		e.Detail = fmt.Sprintf("%s answered %s: %s", r.from.Host, statusText(r.status), laterAdvice)
	}
	return e
}

// retryAfter is what the Retry-After field asks for, at most an hour.
func (r response) retryAfter() time.Duration {
	return remote.RetryAfter(r.header.Get("Retry-After"), r.arrived)
}

// webPage reports a response that is HTML by its label or its first bytes.
func webPage(r response) bool {
	body := bytes.ToLower(bytes.TrimSpace(r.body[:min(len(r.body), 512)]))
	return strings.HasPrefix(r.header.Get("Content-Type"), "text/html") && !bytes.HasPrefix(body, []byte("{")) ||
		bytes.HasPrefix(body, []byte("<!doctype html")) || bytes.HasPrefix(body, []byte("<html"))
}

// notFound reports that there is no such endpoint: the statuses that come from a web server or gateway, not from the
// authorization server.
func (r oauthResponse) notFound() bool { return r.oauthError.code == "" && missing(r.status) }

// missing reports the statuses of a place where there is nothing.
func missing(status int) bool {
	return status == http.StatusNotFound || status == http.StatusMethodNotAllowed || status == http.StatusGone
}

// overloaded reports the statuses that mean "later" whatever the body says.
func overloaded(status int) bool {
	return status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status == http.StatusTooEarly
}
