package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/websocket"
)

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
	ws.SetReadLimit(maxInbound)
	return &webConn{Conn: ws}, nil
}

func (l *Link) refusedUpgrade(answer *http.Response) *Error {
	e := &Error{Kind: Broker, RetryAfter: l.retryAfter(answer.Header.Get("Retry-After"))}
	switch code := answer.StatusCode; code {
	case http.StatusUnauthorized, http.StatusForbidden:
		e.Kind, e.Detail = BrokerAuth, fmt.Sprintf("the WebSocket was refused with %d: the broker does not accept the token", code)
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		e.Detail = fmt.Sprintf("the WebSocket was refused with %d: the broker is busy or down", code)
	default:
		e.Kind, e.Detail = Misconfigured, fmt.Sprintf("the WebSocket was refused with %d: check host and path of mqtt.url", code)
	}
	return e
}

// longestRetryAfter is the most a server may ask for.
const longestRetryAfter = time.Hour

// retryAfter reads seconds or a date (RFC 9110 section 10.2.3).
func (l *Link) retryAfter(s string) time.Duration {
	if n, err := strconv.ParseUint(s, 10, 31); err == nil {
		return min(time.Duration(n)*time.Second, longestRetryAfter)
	}
	at, err := http.ParseTime(s)
	now, set := l.o.Now()
	if err != nil || !set {
		return 0
	}
	return min(max(at.Sub(now), 0), longestRetryAfter)
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

// CloseWrite says good-bye (RFC 6455 section 5.5.1).
func (c *webConn) CloseWrite() error {
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	return c.WriteControl(websocket.CloseMessage, bye, time.Now().Add(lingerLimit))
}
