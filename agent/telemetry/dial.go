package telemetry

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
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
		return address{}, fmt.Errorf("mqtt.url is no address, write mqtts://broker.example.com")
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
		return address{}, fmt.Errorf("mqtt.url starts with %s://, use mqtts:// or wss://", u.Scheme)
	}
	fill(&a.port, standard)
	return a, nil
}

// safe tells whether tokens may go there.
func (a address) safe() bool {
	ip := net.ParseIP(a.host)
	return a.tls || a.host == "localhost" || ip != nil && ip.IsLoopback()
}

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
	l.progress.Add(1)
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
	l.progress.Add(1)
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
