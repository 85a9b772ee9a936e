// Package astest is a scriptable model of an authorization server for tests: what becomes of grants and of their
// refresh tokens when a device pairs, refreshes, revokes, and when requests are lost.
//
//	server.go     grants and tokens by the server's policy; no time, no network of its own
//	site.go       the same behind HTTP, as an http.RoundTripper: faults, latency, what was delivered
//	endpoints.go  its metadata, device authorization, token, revocation and key endpoints
package astest
