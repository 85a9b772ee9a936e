package deviceauth

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
)

// The errors that mean the same in every answer, from the RFCs and from the services that spell their own.
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

// The errors of a poll that end the code (RFC 8628 section 3.5).
var pollKinds = map[string]Kind{
	"access_denied":          Denied,
	"authorization_declined": Denied, // Entra
	"expired_token":          Expired,
	"token_expired":          Expired, // GitHub
}

// The errors of a refresh.
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

// foreign is the Error of an answer that is no OAuth answer at all.
func foreign(op string, a answer) *Error {
	e := &Error{Kind: Server, Op: op, RetryAfter: retryAfter(a.header.Get("Retry-After"), a.arrived)}
	switch {
	case a.status == http.StatusNetworkAuthenticationRequired, ledAway(a.status, a.header, a.from, true):
		e.Kind, e.Detail = CaptivePortal, wantsSignIn(a.from.Host)
	case a.status == http.StatusOK && webPage(a):
		e.Kind, e.Detail = CaptivePortal, wantsSignIn(a.from.Host)+" (it answers with a web page)"
	case a.status == http.StatusOK && len(a.body) > bodyLimit:
		e.Detail = fmt.Sprintf("%s answered with more than %d KiB: try again later", a.from.Host, bodyLimit>>10)
	case a.status == http.StatusOK:
		e.Detail = fmt.Sprintf("%s answered with something else than OAuth: try again later", a.from.Host)
	default:
		e.Detail = fmt.Sprintf("%s answered %s: try again later", a.from.Host, statusText(a.status))
	}
	return e
}

// webPage reports an answer that is HTML by its label or its first bytes.
func webPage(a answer) bool {
	body := bytes.ToLower(bytes.TrimSpace(a.body[:min(len(a.body), 512)]))
	return strings.HasPrefix(a.header.Get("Content-Type"), "text/html") && !bytes.HasPrefix(body, []byte("{")) ||
		bytes.HasPrefix(body, []byte("<!doctype html")) || bytes.HasPrefix(body, []byte("<html"))
}

// overloaded reports the statuses that mean "later" whatever the body says.
func overloaded(status int) bool {
	return status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status == http.StatusTooEarly
}

// beginVerdict judges a device authorization answer that is no success.
func beginVerdict(op string, a answer, r refusal) *Error {
	kind, known := commonKinds[r.code]
	unusable := a.status == http.StatusNotFound || a.status == http.StatusMethodNotAllowed || a.status == http.StatusGone
	switch {
	case overloaded(a.status), kind == Server:
		return refused(Server, op, a, r, "try again later")
	case known, r.code != "", a.status == http.StatusUnauthorized, a.status == http.StatusForbidden:
		return refused(Misconfigured, op, a, r, "check client_id, client authentication and scopes")
	case unusable:
		return refused(Misconfigured, op, a, r, "check the issuer and the endpoints")
	}
	return foreign(op, a)
}

// pollVerdict judges an answer to a poll that is neither a success nor "wait". RFC 8628 section 3.5: "If the client
// receives an error response with any other error code, it MUST stop polling". What is no answer of the server's
// says nothing about the code.
func pollVerdict(a answer, r refusal) (e *Error, final bool) {
	const op = "token"
	if overloaded(a.status) || r.code == "" {
		return refused(Server, op, a, r, "try again later"), false
	}
	if kind, ok := pollKinds[r.code]; ok {
		return refused(kind, op, a, r, "pair again"), true
	}
	switch commonKinds[r.code] {
	case Server:
		return refused(Server, op, a, r, "try again later"), false
	case Misconfigured:
		return refused(Misconfigured, op, a, r, "check client_id, client authentication and scopes"), true
	}
	return refused(Expired, op, a, r, "this code is no longer good, pair again"), true
}

// refreshVerdict judges an answer to a refresh that is no success.
func refreshVerdict(a answer, r refusal) *Error {
	const op = "refresh"
	kind, known := refreshKinds[r.code]
	common, shared := commonKinds[r.code]
	switch {
	case overloaded(a.status):
		return refused(Server, op, a, r, "try again later")
	case known && kind == Gone:
		return refused(Gone, op, a, r, "pair again")
	case shared:
		return refused(common, op, a, r, "check client_id, client authentication and scopes")
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden:
		return refused(Misconfigured, op, a, r, "check client_id and client authentication")
	case known, a.status == http.StatusBadRequest && len(bytes.TrimSpace(a.body)) == 0:
		return refused(Doubtful, op, a, r, "the grant may be gone")
	}
	return refused(Server, op, a, r, "try again later")
}

func refused(kind Kind, op string, a answer, r refusal, todo string) *Error {
	if kind == Server && r.code == "" {
		return foreign(op, a)
	}
	return &Error{
		Kind: kind, Op: op, Detail: r.says(a) + ": " + todo,
		RetryAfter: retryAfter(a.header.Get("Retry-After"), a.arrived),
	}
}
