package agent

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/paird/paird/agent/internal/certtest"
)

// yearCA is the certificate authority of the year's broker. It changes now and then.
type yearCA struct {
	file string // mqtt.ca_file

	mu      sync.Mutex
	trusted []byte // PEM of the authority that signed the broker's certificate
	server  tls.Certificate
	rolling bool
}

func newYearCA(t *testing.T, dir string) *yearCA {
	ca := &yearCA{file: filepath.Join(dir, "ca.pem")}
	ca.trusted, ca.server = newBrokerCertificate(t)
	writeFile(t, ca.file, ca.trusted)
	return ca
}

// path is the file, "" without an authority.
func (ca *yearCA) path() string {
	if ca == nil {
		return ""
	}
	return ca.file
}

func (y *year) brokerURL() string {
	if y.ca == nil {
		return "mqtt://localhost"
	}
	return "mqtts://localhost"
}

// newBrokerCertificate makes an authority and a certificate of its for localhost. Both outlast the year.
func newBrokerCertificate(t *testing.T) (authority []byte, server tls.Certificate) {
	valid := certtest.Valid(-time.Hour, 800*day)
	ca := certtest.NewAuthority(t, valid)
	return ca.PEM(), certtest.Issue(t, ca, certtest.NewKey(t), certtest.Server("localhost"), valid).TLS()
}

// writeFile replaces a file at once, as an operator's tool does.
func writeFile(t *testing.T, path string, data []byte) {
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// dialSecure is a connection to the broker, which presents the certificate of the moment.
func (y *year) dialSecure(ctx context.Context) (net.Conn, error) {
	if y.is("network") || y.is("broker") {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	y.ca.mu.Lock()
	server := y.ca.server
	y.ca.mu.Unlock()
	near, far := net.Pipe()
	y.broker.Accept(tls.Server(far, &tls.Config{Certificates: []tls.Certificate{server}, SessionTicketsDisabled: true}))
	return near, nil
}

// roll changes the authority: the device trusts both, the broker gets its new certificate, and after a while the device
// trusts the new one alone. The broker is started again each time.
func (y *year) roll(both time.Duration) {
	y.ca.mu.Lock()
	defer y.ca.mu.Unlock()
	if y.ca.rolling {
		return
	}
	y.last.rolls++
	y.say("another certificate authority, both for %v", both.Round(time.Second))
	next, server := newBrokerCertificate(y.t)
	writeFile(y.t, y.ca.file, append(append([]byte(nil), y.ca.trusted...), next...))
	y.ca.trusted, y.ca.server, y.ca.rolling = next, server, true
	y.broker.Kick()
	time.AfterFunc(both, func() {
		writeFile(y.t, y.ca.file, next)
		y.ca.mu.Lock()
		y.ca.rolling = false
		y.ca.mu.Unlock()
		y.broker.Kick()
	})
}
