package telemetry

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/paird/paird/agent/internal/remote"
)

// connectLimit is for everything up to the CONNACK.
const connectLimit = 20 * time.Second

// address is where the broker is.
type address struct {
	*url.URL
	host, port string
	tls, web   bool
}

// parseAddress reads mqtt.url; tlsPort is what mqtts:// means without a port, 8883 if empty.
func parseAddress(s, tlsPort string) (address, error) {
	u, err := url.Parse(s)
	if err != nil || u.Opaque != "" || u.Hostname() == "" {
		return address{}, fmt.Errorf("is no address, write mqtts://broker.example.com")
	}
	a := address{URL: u, host: u.Hostname(), port: u.Port()}
	standard := ""
	switch u.Scheme {
	case "mqtt":
		standard = "1883"
	case "mqtts":
		a.tls, standard = true, cmp.Or(tlsPort, "8883")
	case "ws":
		a.web, standard = true, "80"
	case "wss":
		a.tls, a.web, standard = true, true, "443"
	default:
		return address{}, fmt.Errorf("starts with %s://, use mqtts:// or wss://", u.Scheme)
	}
	fill(&a.port, standard)
	return a, nil
}

// safe reports whether tokens may go there.
func (a address) safe() bool { return a.tls || remote.Loopback(a.host) }

// open connects to the broker: TCP, through a proxy where the environment names one, TLS, WebSocket.
// A connection that Preconnect has made is taken first.
func (l *Link) open(ctx context.Context, header http.Header) (conn net.Conn, reused bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	if conn = l.ready.take(ctx); conn == nil {
		conn, err = l.openSecure(ctx)
	} else {
		reused = true
	}
	if err == nil && l.at.web {
		conn, err = l.openWebSocket(ctx, conn, header)
	}
	l.step()
	return conn, reused, err
}

func (l *Link) openSecure(ctx context.Context) (net.Conn, error) {
	if !l.at.tls {
		return l.openTCP(ctx)
	}
	secure, err := l.tlsConfig()
	if err != nil {
		return nil, err
	}
	conn, err := l.openTCP(ctx)
	if err != nil {
		return nil, err
	}
	l.step()
	return l.openTLS(ctx, conn, secure)
}

func (l *Link) openTCP(ctx context.Context) (net.Conn, error) {
	target := net.JoinHostPort(l.at.host, l.at.port)
	proxy, err := l.proxyFor(target)
	if err != nil {
		return nil, &Error{Kind: Misconfigured, Detail: "the proxy in the environment is no address: correct HTTPS_PROXY"}
	}
	if proxy != nil {
		return l.openProxy(ctx, proxy, target)
	}
	return l.o.Dial(ctx, "tcp", target)
}

func (l *Link) openTLS(ctx context.Context, conn net.Conn, config *tls.Config) (net.Conn, error) {
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, handshakeError{err}
	}
	return secure, nil
}

// handshakeError marks what went wrong between TCP and MQTT.
type handshakeError struct{ error }

func (e handshakeError) Unwrap() error { return e.error }

// tlsConfig reads the certificate files for each connection, so that a renewed one needs no restart.
func (l *Link) tlsConfig() (*tls.Config, error) {
	config := &tls.Config{
		ServerName: l.at.host, MinVersion: tls.VersionTLS12, NextProtos: l.o.ALPN, VerifyConnection: remote.StrongKeys,
	}
	if l.o.CAFile != "" {
		pem, err := os.ReadFile(l.o.CAFile)
		if err != nil {
			return nil, &Error{Kind: TLS, Detail: fmt.Sprintf("mqtt.ca_file cannot be read: %v", err), Err: err}
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &Error{Kind: TLS, Detail: fmt.Sprintf("mqtt.ca_file %s holds no certificate in PEM", l.o.CAFile)}
		}
	}
	if l.o.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(l.o.CertFile, l.o.KeyFile)
		if err != nil {
			return nil, &Error{Kind: TLS, Detail: fmt.Sprintf("mqtt.cert_file and mqtt.key_file do not load: %v", err), Err: err}
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// readyFor is how long a connection waits for its CONNECT. Brokers close one without much later:
// "the Server SHOULD close the connection" (MQTT 3.1.1 section 3.1.4).
const readyFor = 10 * time.Second

// readyConn is at most one connection without a CONNECT on it.
type readyConn struct {
	mu   sync.Mutex
	next *preconnection
}

type preconnection struct {
	done chan struct{} // closed when conn is final
	conn net.Conn      // nil where it failed
}

// Preconnect begins to open TCP and TLS for the next Serve and returns at once, so that the grant can be
// made durable meanwhile. It ends with ctx; a connection that no Serve takes is closed 10 s after. A
// failure is left for Serve to find.
func (l *Link) Preconnect(ctx context.Context) {
	p := &preconnection{done: make(chan struct{})}
	if !l.ready.put(p) {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(ctx, connectLimit)
		defer cancel()
		p.conn, _ = l.openSecure(ctx)
		close(p.done)
		time.AfterFunc(readyFor, func() { l.ready.expire(p) })
	}()
}

// put offers p, unless there is one already.
func (r *readyConn) put(p *preconnection) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next != nil {
		return false
	}
	r.next = p
	return true
}

// take gives the connection, waiting for one that is being made. It is nil where there is none.
func (r *readyConn) take(ctx context.Context) net.Conn {
	r.mu.Lock()
	p := r.next
	r.next = nil
	r.mu.Unlock()
	if p == nil {
		return nil
	}
	select {
	case <-p.done:
		return p.conn
	case <-ctx.Done():
		go p.drop()
		return nil
	}
}

// expire closes p if it was not taken.
func (r *readyConn) expire(p *preconnection) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next == p {
		r.next = nil
		p.drop()
	}
}

// drop closes the connection as soon as it is final.
func (p *preconnection) drop() {
	<-p.done
	if p.conn != nil {
		p.conn.Close()
	}
}

// Reach opens the way to the broker as a session does, TCP, proxy and TLS, sends no MQTT and closes it.
// The error is an *Error.
func (l *Link) Reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	conn, err := l.openSecure(ctx)
	if err != nil {
		return l.at.explain(err)
	}
	conn.Close()
	return nil
}
