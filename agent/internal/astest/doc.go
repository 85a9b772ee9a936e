// Package astest is a scriptable model of an authorization server for tests: what becomes of grants and of their
// refresh tokens when a device pairs, refreshes, revokes, and when requests are lost.
//
//	server.go     grants and tokens by the server's policy; no time, no network of its own
//	transport.go  the same behind HTTP, as an http.RoundTripper: device flow, faults, latency
package astest
