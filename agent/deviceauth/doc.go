// Package deviceauth is a client of the OAuth 2.0 Device Authorization Grant (RFC 8628) for a device that nobody watches.
package deviceauth
