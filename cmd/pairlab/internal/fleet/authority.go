package fleet

import (
	"crypto/tls"
	"net"
	"os"
	"sync"

	"github.com/paird/paird/cmd/internal/cert"
)

// authority is the certificate authority of the lab's servers. It can be changed while they run.
type authority struct {
	file string // ca_file of all devices

	mu     sync.Mutex
	ca     *cert.Authority
	server tls.Certificate
}

// newAuthority makes the first one, and writes its certificate to the file.
func newAuthority(file string) (*authority, error) {
	a := &authority{file: file}
	ca, err := cert.NewAuthority()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, ca.PEM(), 0o644); err != nil {
		return nil, err
	}
	return a, a.take(ca)
}

// take lets the servers present a certificate of ca from now on.
func (a *authority) take(ca *cert.Authority) error {
	c, err := ca.Issue(cert.IPs(net.IPv4(127, 0, 0, 1)))
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ca, a.server = ca, c
	return err
}

// config presents the certificate of the moment. There are no session tickets: each connection is a whole handshake.
func (a *authority) config() *tls.Config {
	return &tls.Config{SessionTicketsDisabled: true, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		a.mu.Lock()
		defer a.mu.Unlock()
		server := a.server
		return &server, nil
	}}
}

// roll changes the authority as a fleet's operator does: the devices trust both, the servers change, and the devices trust
// the new one alone. reconnect ends all connections and waits for the devices.
func (a *authority) roll(reconnect func() error) error {
	next, err := cert.NewAuthority()
	if err != nil {
		return err
	}
	a.mu.Lock()
	both := append(a.ca.PEM(), next.PEM()...)
	a.mu.Unlock()
	for _, step := range []func() error{
		func() error { return os.WriteFile(a.file, both, 0o644) },
		func() error { return a.take(next) },
		reconnect,
		func() error { return os.WriteFile(a.file, next.PEM(), 0o644) },
		reconnect,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
