package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/paird/paird/cmd/internal/cert"
)

// lanAddress is this machine's address on the network.
func lanAddress() (net.IP, error) {
	conn, err := net.Dial("udp4", "203.0.113.1:9") // TEST-NET-3 of RFC 5737; choosing the route sends nothing
	if err != nil {
		return nil, fmt.Errorf("--lan: no network: %w", err)
	}
	defer conn.Close()
	address, ok := conn.LocalAddr().(*net.UDPAddr)
	if !ok || address.IP.IsLoopback() {
		return nil, errors.New("--lan: this machine has no address but loopback: connect it to the phone's network")
	}
	return address.IP, nil
}

// newCertificate makes a certificate authority for this run, writes its certificate to caFile, and returns a certificate of
// its for ip. The authority's key is forgotten at once.
func newCertificate(ip net.IP, caFile string) (tls.Certificate, error) {
	ca, err := cert.NewAuthority()
	if err != nil {
		return tls.Certificate{}, err
	}
	if err := os.WriteFile(caFile, ca.PEM(), 0o644); err != nil {
		return tls.Certificate{}, err
	}
	return ca.Issue(cert.IPs(ip))
}
