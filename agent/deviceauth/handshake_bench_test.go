package deviceauth

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/paird/paird/agent/internal/certtest"
)

// BenchmarkHandshake is both sides of a TLS 1.3 handshake with a P-256 certificate, in memory. The build keeps
// inlining in crypto and runtime for it: run it with the board's flags, on the board or under qemu-arm, when they
// change.
func BenchmarkHandshake(b *testing.B) {
	cert := certtest.Issue(b, nil, certtest.NewKey(b), certtest.Names("as.example"))
	server := &tls.Config{Certificates: []tls.Certificate{cert.TLS()}, SessionTicketsDisabled: true}
	client := &tls.Config{RootCAs: cert.Pool(), ServerName: "as.example", MinVersion: tls.VersionTLS13}
	for b.Loop() {
		near, far := net.Pipe()
		done := make(chan error, 1)
		go func() { done <- tls.Server(far, server).Handshake() }()
		if err := tls.Client(near, client).Handshake(); err != nil {
			b.Fatal(err)
		}
		if err := <-done; err != nil {
			b.Fatal(err)
		}
		near.Close()
		far.Close()
	}
}
