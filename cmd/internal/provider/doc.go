// Package provider is a small, strict OpenID Provider for the lab and for tests: the OAuth 2.0 Device Authorization
// Grant (RFC 8628) with PKCE (RFC 7636), its pages, rotating refresh tokens, revocation (RFC 7009) and signed tokens,
// held in memory. It is never for production: accounts are given at the start and passwords are compared as they are.
//
// Read options.go and provider.go first; then in the order of the flow: metadata.go, client.go, device.go and codes.go,
// pages.go, sessions.go and consent.go, token.go, grants.go, jwt.go; event.go is for the program around it.
//
// # Why it does not stand on zitadel/oidc
//
// github.com/zitadel/oidc/v3 v3.49.2, package op, was tried with a storage of our own; `make test-real` runs paird
// against that (scripts/real/op). As the base of this package it loses more than it gains:
//
//   - The protocol was 751 of the 1,512 lines then. op.Storage, op.Client and op.Key want 48 methods, 325 lines, 21 of
//     them for flows that no device uses; device names, resources, PKCE, events and narrowed scopes come on top. The
//     pages stay as they are.
//   - It adds 44 packages of 14 modules (OpenTelemetry and chi among them), 29 lines of go.sum, and 2.6 MB. `make demo`
//     with an empty build cache took 82 and 75 s of processor time without it, 86 and 91 s with it, in turn and on a busy
//     machine.
//   - It reads the time by time.Now, so no test can move its clock.
//   - It takes no PKCE, no resource and no name of a device at the device authorization endpoint, and does not check
//     scopes there. It takes credentials from the URI (RFC 6749 section 2.3.1) and a confidential client without its
//     secret.
//   - It never says slow_down, answers an unknown device code by access_denied, a wrong secret by unauthorized_client
//     with status 400, and sends no Cache-Control: no-store (RFC 6749 section 5.1).
//   - Its access tokens are of type JWT, not at+jwt, and have no scope (RFC 9068 sections 2.1 and 2.2.3): the lab's
//     broker, which checks both, would have to trust less.
package provider
