package deviceauth

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/paird/paird/agent/internal/oneline"
	"github.com/paird/paird/agent/internal/remote"
)

// NewTransport returns a transport for Config.HTTP: TLS 1.2 or later, proxies from the environment, a time
// limit on each phase. With a caFile only its certificates are trusted; the file is read again for each
// request, so that a replaced one counts at once. A file that cannot be used is an error of the request.
func NewTransport(caFile string) http.RoundTripper {
	if caFile == "" {
		return newTransport(nil)
	}
	return &caTransport{file: caFile}
}

// newTransport speaks HTTP/1.1 only: a dead HTTP/2 connection is noticed late, after the network changed.
// Idle connections end before the usual interval of a poll, which a server ends at about the same time.
func newTransport(roots *x509.CertPool) *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		Protocols:              &protocols,
		DialContext:            dialer((&net.Dialer{Timeout: 10 * time.Second}).DialContext).dial,
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  15 * time.Second,
		IdleConnTimeout:        2 * time.Second,
		MaxIdleConns:           2,
		MaxResponseHeaderBytes: bodyLimit,
		TLSClientConfig: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			RootCAs:            roots,
			ClientSessionCache: tls.NewLRUClientSessionCache(4),
			VerifyConnection:   remote.StrongKeys,
		},
	}
}

// dialer opens connections, as net.Dialer.DialContext does.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// dial opens a connection. Its error is that of an address family that has a route. Where a host has IPv4 and IPv6
// addresses, net.Dialer returns the first error, which may be that of the family without a route.
func (d dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d(ctx, network, address)
	for _, family := range []string{"tcp4", "tcp6"} {
		if err == nil || !noRoute(err) || network != "tcp" {
			break
		}
		if c, e := d(ctx, family, address); e == nil || !noRoute(e) && !noAddress(e) {
			conn, err = c, e
		}
	}
	return conn, err
}

// noRoute reports that this machine has no way to an address family.
func noRoute(err error) bool {
	return remote.NoRoute(err) ||
		errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)
}

// noAddress reports that a host has no address of a family.
func noAddress(err error) bool {
	_, family := errors.AsType[*net.AddrError](err)
	_, name := errors.AsType[*net.DNSError](err)
	return family || name
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

func (e *caError) Error() string { return fmt.Sprintf("auth.ca_file %s: %v", e.file, e.err) }
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

// withoutURL is a transport's error without the URL that net/http puts around it: its query may hold secrets.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// transportKind is what kept the response away.
func transportKind(err error) Kind {
	if _, ok := errors.AsType[*caError](err); ok {
		return Misconfigured
	}
	switch {
	case tlsFailed(err):
		return TLS
	case remote.Refused(err): // the network is there, and so is the host
		return Server
	}
	return NoNetwork
}

// tlsFailed reports whether the TLS handshake failed, with the server or with what answers in its place.
func tlsFailed(err error) bool {
	_, verification := errors.AsType[*tls.CertificateVerificationError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	return verification || record || alert || errors.Is(err, http.ErrSchemeMismatch) || remote.Untrusted("", "", err) != "" ||
		strings.Contains(err.Error(), "remote error: tls: ") // net/http hides the alert's type
}

// noResponse makes an *Error of a request without a response. A context that ended stays what it is.
func (c *httpClient) noResponse(ctx context.Context, op string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	f, ok := errors.AsType[*transportError](err)
	if !ok {
		return &Error{Kind: Misconfigured, Op: op, Detail: err.Error(), Err: err}
	}
	e := &Error{Kind: transportKind(f.err), Op: op, Err: f}
	if c.captivePortal(ctx, f) {
		e.Kind = CaptivePortal
	}
	says := oneline.Clean(f.err.Error(), 200)
	switch e.Kind {
	case CaptivePortal:
		e.Detail = wantsSignIn(f.host)
	case TLS:
		tls := fmt.Sprintf("%s is not trusted (%s): check the address and the network", f.host, says)
		e.Detail = cmp.Or(remote.Untrusted(f.host, "auth.ca_file", f.err), tls)
	case Misconfigured:
		e.Detail = says
	case Server:
		e.Detail = fmt.Sprintf("the server does not answer (%s: %s): %s", f.host, says, laterAdvice)
	default:
		e.Detail = fmt.Sprintf("no answer from %s (%s): check the network", f.host, says)
	}
	return e
}

// lostOr is Lost for a request that went out, and else what noResponse says.
func (c *httpClient) lostOr(ctx context.Context, op string, err error) error {
	f, ok := errors.AsType[*transportError](err)
	if !ok || !f.sent {
		return c.noResponse(ctx, op, err)
	}
	return &Error{Kind: Lost, Op: op, Err: f.err, Detail: "the answer of " + f.host + " was lost: the same request goes out again"}
}

func wantsSignIn(host string) string {
	return fmt.Sprintf("this network wants a sign-in before %s can be reached: sign in, or use another network", host)
}

const portalLimit = 5 * time.Second

// captivePortal reports whether the network answers in place of every server and leads to a sign-in page. Over TLS such a
// network can only fail, so the plain port of the same host is asked, with nothing secret in the request.
func (c *httpClient) captivePortal(ctx context.Context, f *transportError) bool {
	host := (&url.URL{Host: f.host}).Hostname()
	refused := remote.Refused(f.err) || errors.Is(f.err, syscall.ECONNRESET)
	if remote.Loopback(host) || !tlsFailed(f.err) && !refused {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, portalLimit)
	defer cancel()
	u := &url.URL{Scheme: "http", Host: host, Path: "/"}
	if strings.Contains(host, ":") {
		u.Host = "[" + host + "]"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return false
	}
	req.Header.Set("User-Agent", c.userAgent)
	resp, err := c.client.Transport.RoundTrip(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusNetworkAuthenticationRequired || redirectedAway(resp.StatusCode, resp.Header, u, false)
}

// redirectedAway reports a redirect to another host, or with strict unset to another site.
func redirectedAway(status int, header http.Header, from *url.URL, strict bool) bool {
	if status < 300 || status > 399 {
		return false
	}
	to, err := from.Parse(header.Get("Location"))
	if err != nil || to.Hostname() == "" || to.Hostname() == from.Hostname() {
		return false
	}
	return strict || site(to.Hostname()) != site(from.Hostname())
}

// site approximates a registrable domain by the last two labels of a name. An address is its own site.
func site(host string) string {
	if strings.Contains(host, ":") || strings.Trim(host, "0123456789.") == "" {
		return host
	}
	labels := strings.Split(host, ".")
	return strings.Join(labels[max(0, len(labels)-2):], ".")
}
