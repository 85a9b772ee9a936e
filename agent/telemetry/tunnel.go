package telemetry

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/paird/paird/agent/internal/remote"
)

// proxyFor asks the environment as HTTP clients do (HTTPS_PROXY, NO_PROXY; loopback is never
// proxied), and ALL_PROXY last. nil means none.
func (l *Link) proxyFor(target string) (*url.URL, error) {
	return l.proxy(&http.Request{URL: &url.URL{Scheme: "https", Host: target}})
}

// environment is http.ProxyFromEnvironment with ALL_PROXY.
func environment(r *http.Request) (*url.URL, error) {
	proxy, err := http.ProxyFromEnvironment(r)
	if proxy != nil || err != nil {
		return proxy, err
	}
	return allProxy(os.Getenv, r.URL.Hostname())
}

// allProxy is what ALL_PROXY says of a host. It yields to HTTPS_PROXY and to NO_PROXY, whose rules are
// applied there.
func allProxy(getenv func(string) string, host string) (*url.URL, error) {
	either := func(name string) string { return cmp.Or(getenv(name), getenv(strings.ToLower(name))) }
	all := either("ALL_PROXY")
	if all == "" || either("HTTPS_PROXY") != "" || either("NO_PROXY") != "" || (address{host: host}).safe() {
		return nil, nil
	}
	return url.Parse(all)
}

// openProxy asks proxy for a tunnel to target (RFC 9110 section 9.3.6).
func (l *Link) openProxy(ctx context.Context, proxy *url.URL, target string) (net.Conn, error) {
	port := map[string]string{"http": "80", "https": "443"}[proxy.Scheme]
	if port == "" {
		return nil, &Error{Kind: Misconfigured, Detail: fmt.Sprintf("a proxy by %s:// is not supported, name one with http:// or https://", proxy.Scheme)}
	}
	conn, err := l.o.Dial(ctx, "tcp", net.JoinHostPort(proxy.Hostname(), cmp.Or(proxy.Port(), port)))
	if err != nil {
		return nil, fmt.Errorf("the proxy: %w", err)
	}
	if proxy.Scheme == "https" {
		if conn, err = l.openTLS(ctx, conn, &tls.Config{ServerName: proxy.Hostname(), MinVersion: tls.VersionTLS12}); err != nil {
			return nil, err
		}
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	tunnel, err := connectThrough(conn, proxy, target)
	if err != nil {
		conn.Close()
	}
	return tunnel, err
}

func connectThrough(conn net.Conn, proxy *url.URL, target string) (net.Conn, error) {
	request := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: target}, Host: target, Header: http.Header{}}
	if name := proxy.User.Username(); name != "" {
		password, _ := proxy.User.Password()
		basic := base64.StdEncoding.EncodeToString([]byte(name + ":" + password))
		request.Header.Set("Proxy-Authorization", "Basic "+basic)
	}
	if err := request.Write(conn); err != nil {
		return nil, fmt.Errorf("the proxy: %w", err)
	}
	in := bufio.NewReader(conn)
	answer, err := http.ReadResponse(in, request)
	if err != nil {
		return nil, fmt.Errorf("the proxy: %w", err)
	}
	if answer.StatusCode/100 != 2 {
		return nil, &Error{Kind: Broker, Detail: fmt.Sprintf("the proxy %s answered %d: it must allow CONNECT to %s", proxy.Host, answer.StatusCode, target)}
	}
	return &buffered{Conn: conn, in: in}, nil
}

// buffered gives first what came together with the proxy's answer.
type buffered struct {
	net.Conn
	in io.Reader
}

func (b *buffered) Read(p []byte) (int, error) { return b.in.Read(p) }

// openWebSocket upgrades conn (MQTT 3.1.1 section 6). paho's own dialer hides the status of a refusal.
func (l *Link) openWebSocket(ctx context.Context, conn net.Conn, header http.Header) (net.Conn, error) {
	ready := func(context.Context, string, string) (net.Conn, error) { return conn, nil }
	dialer := websocket.Dialer{
		NetDialContext: ready, NetDialTLSContext: ready,
		// "The Client MUST include "mqtt" in the list of WebSocket Sub Protocols it offers"
		Subprotocols: []string{"mqtt"}, HandshakeTimeout: connectLimit,
	}
	ws, answer, err := dialer.DialContext(ctx, l.at.String(), header)
	if err != nil {
		conn.Close()
		if answer != nil {
			return nil, l.refusedUpgrade(answer)
		}
		return nil, err
	}
	return &webConn{Conn: ws}, nil
}

func (l *Link) refusedUpgrade(answer *http.Response) *Error {
	now, _ := l.o.Now()
	e := &Error{Kind: Broker, RetryAfter: remote.RetryAfter(answer.Header.Get("Retry-After"), now)}
	switch code := answer.StatusCode; code {
	case http.StatusUnauthorized, http.StatusForbidden:
		e.Kind, e.Detail = BrokerAuth, fmt.Sprintf("the WebSocket was refused with %d: the broker does not accept the login", code)
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		e.Detail = fmt.Sprintf("the WebSocket was refused with %d: the broker is busy or down", code)
	default:
		e.Kind, e.Detail = Misconfigured, fmt.Sprintf("the WebSocket was refused with %d: check host and path of mqtt.url", code)
	}
	return e
}

// webConn is a net.Conn over binary messages: "MQTT Control Packets MUST be sent in WebSocket
// binary data frames".
type webConn struct {
	*websocket.Conn
	message io.Reader
}

func (c *webConn) Read(p []byte) (int, error) {
	for {
		if c.message == nil {
			kind, r, err := c.NextReader()
			if err != nil {
				return 0, closedAsEOF(err)
			}
			if kind != websocket.BinaryMessage {
				return 0, errors.New("the broker sent text over the WebSocket")
			}
			c.message = r
		}
		n, err := c.message.Read(p)
		if errors.Is(err, io.EOF) {
			c.message, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// closedAsEOF makes any orderly end look like one of TCP.
func closedAsEOF(err error) error {
	if _, ok := errors.AsType[*websocket.CloseError](err); ok {
		return io.EOF
	}
	return err
}

func (c *webConn) Write(p []byte) (int, error) {
	if err := c.WriteMessage(websocket.BinaryMessage, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (c *webConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// CloseWrite sends the closing handshake (RFC 6455 section 5.5.1).
func (c *webConn) CloseWrite() error {
	closing := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	return c.WriteControl(websocket.CloseMessage, closing, time.Now().Add(closeLimit))
}
