package deviceauth

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// NewTransport returns a transport for Config.HTTP: TLS 1.2 or later, proxies from the environment, a time
// limit on each phase. With a caFile only its certificates are trusted; the file is read anew for each
// request, so that a replaced one counts at once. The error names a file that cannot be used.
func NewTransport(caFile string) (http.RoundTripper, error) {
	if caFile == "" {
		return newTransport(nil), nil
	}
	t := &caTransport{file: caFile}
	_, err := t.current()
	return t, err
}

// newTransport speaks HTTP/1.1 only: a dead HTTP/2 connection is noticed late, after the network changed.
// Idle connections end before the usual interval of a poll, which a server ends at about the same time.
func newTransport(roots *x509.CertPool) *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		Protocols:              &protocols,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  15 * time.Second,
		IdleConnTimeout:        2 * time.Second,
		MaxIdleConns:           2,
		MaxResponseHeaderBytes: bodyLimit,
		TLSClientConfig: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			RootCAs:            roots,
			ClientSessionCache: tls.NewLRUClientSessionCache(4),
		},
	}
}

// caTransport is a transport that trusts what a file holds at the moment.
type caTransport struct {
	file string

	mu    sync.Mutex
	pem   []byte
	inner *http.Transport
}

// caError is a file of certificates that cannot be used.
type caError struct {
	file string
	err  error
}

func (e *caError) Error() string { return fmt.Sprintf("ca_file %s: %v", e.file, e.err) }
func (e *caError) Unwrap() error { return e.err }

func (t *caTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	inner, err := t.current()
	if err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	return inner.RoundTrip(req)
}

// current returns the transport for what the file holds now.
func (t *caTransport) current() (*http.Transport, error) {
	pem, err := os.ReadFile(t.file)
	if err != nil {
		return nil, &caError{t.file, err}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.inner != nil && bytes.Equal(pem, t.pem) {
		return t.inner, nil
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, &caError{t.file, fmt.Errorf("no certificate in it")}
	}
	if t.inner != nil {
		t.inner.CloseIdleConnections()
	}
	t.pem, t.inner = pem, newTransport(roots)
	return t.inner, nil
}
