// Package deviceauth is a client of the OAuth 2.0 Device Authorization Grant (RFC 8628) for a device that runs
// unattended.
//
// Begin asks for codes, Wait polls until the user has decided, Refresh and Audience renew, Verify checks the ID token,
// Revoke ends. A Client keeps nothing of a grant and revokes none by itself: the caller stores the Pending and the Token
// that it gets, stores a refresh token before Verify and before it uses what came with it, and decides what is revoked.
// The caller also decides when to begin, and sends one refresh at a time.
//
// Every failure is an *Error whose Kind says what it means, or the error of the context. What is read from the network
// is bounded, checked and clamped, and nothing secret gets into errors or the log.
//
// # Reading order
//
//	client.go      Client and its parts, Pending, Token
//	config.go      Config, and Check: what it must be
//	authorize.go   Begin: the device authorization request and its response
//	poll.go        Wait: the polling session and its schedule
//	token.go       the token response; Refresh and Audience
//	verify.go      Verify: what an ID token must be, and userinfo where it has no name
//	keys.go        the issuer's keys
//	revoke.go      Revoke
//	metadata.go    the metadata document and where it may be
//	discovery.go   the metadata source: asked for, trusted, cached in a file
//	endpoints.go   the endpoints that go with a grant, and those that have moved
//	clientauth.go  what the client signs and proves: client authentication, DPoP
//	http.go        requests, bounded; OAuth requests; which URLs they may go to
//	transport.go   TLS, and what a request without a response means
//	response.go    the members of a response; error responses
//	redact.go      what an error response may quote
//	errors.go      Kind and Error, and which error code is which Kind
//
// # Libraries
//
// ID tokens are verified by coreos/go-oidc, signatures by go-jose. go-oidc's RemoteKeySet does not take the place of
// keys.go. Tried with v3.21.0, it would save some 90 of 130 lines, is no smaller (16 KB on armv6 beside ours), and fails
// what this package holds: one entry that is not a whole key (an "RSA" without "n", a number) makes it refuse the whole
// JWK Set, where RFC 7517 section 5 says to ignore such entries; it reads a response of any length and quotes it in its
// error; it fetches in a goroutine that outlives the caller's time limit; it takes RSA keys of any length; and only the
// text of its error separates "the keys cannot be fetched" from "no key fits", so a server that is down would look like
// a forged ID token.
package deviceauth
