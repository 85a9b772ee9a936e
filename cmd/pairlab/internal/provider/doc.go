// Package provider is a small, strict OpenID Provider for the lab: the OAuth 2.0 Device Authorization
// Grant (RFC 8628) with its pages, rotating refresh tokens, revocation and signed tokens, held in
// memory. It is for loopback, demonstrations and tests, never for production: accounts are given at
// start and passwords are compared as they are.
package provider
