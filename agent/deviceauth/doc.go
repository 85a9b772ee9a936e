// Package deviceauth is a client of the OAuth 2.0 Device Authorization Grant (RFC 8628) for a device that nobody watches.
//
// Begin asks for codes, Wait polls until the user has decided, Refresh and Audience renew, Revoke ends. A Client keeps
// nothing of a grant: the caller stores the Pending and the Token that it is given, and stores a refresh token before it
// uses what came with it. One refresh at a time is the caller's affair too, and so is when to begin.
//
// Every failure is an *Error whose Kind says what it means, or the error of the context. What is read from the network is
// bounded, checked and clamped, and nothing secret gets into errors or the log.
package deviceauth
