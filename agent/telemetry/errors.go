package telemetry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/paird/paird/agent/internal/oneline"
	"github.com/paird/paird/agent/internal/remote"
)

// Causes with which the agent ends a session by context.WithCancelCause.
var (
	// ErrSwap: a session with another login follows at once. In-flight messages are waited for,
	// DISCONNECT is sent, and no `offline` is published.
	ErrSwap = errors.New("swapping the token")
	// ErrForget: the device is being reset. The event `reset` is sent, then retained topics are cleared.
	ErrForget = errors.New("forgetting the broker")
)

// ErrTokenOver is what Serve returns when the login is made of a token and the token's time is over:
// only a newer one helps.
var ErrTokenOver = errors.New("the access token expired")

// Kind says what a failed session means.
type Kind string

// The kinds of failure.
const (
	BrokerAuth    Kind = "broker_auth" // CONNACK 4 or 5, WebSocket 401 or 403: one forced refresh, then slowly
	Misconfigured Kind = "config"      // CONNACK 1, 2, 6 and above: a person must act
	TLS           Kind = "tls"
	Broker        Kind = "broker" // everything else: back off and try again
)

// Error is what Serve returns, but for ErrTokenOver and the context's own error.
type Error struct {
	Kind       Kind
	Detail     string        // one line for a person; never a secret
	RetryAfter time.Duration // what the server asked for, 0 if nothing
	Err        error
}

func (e *Error) Error() string { return fmt.Sprintf("broker: %s", e.Detail) }
func (e *Error) Unwrap() error { return e.Err }

// explain says in one line what err means for a session with the broker at a.
func (a address) explain(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if code, ok := errors.AsType[refusal](err); ok {
		return code.explain()
	}
	if e := explainTLS(a.host, err); e != nil {
		return e
	}
	return &Error{Kind: Broker, Detail: a.network(err), Err: err}
}

// explain says what a CONNACK return code means (MQTT 3.1.1 section 3.2.2.3). 4 and 5 mean the same:
// brokers do not agree on which.
func (r refusal) explain() *Error {
	switch r {
	case 1:
		return &Error{Kind: Misconfigured, Detail: "refused (CONNACK 1): the broker does not speak MQTT 3.1.1", Err: r}
	case 2:
		return &Error{Kind: Misconfigured, Detail: "refused (CONNACK 2): the broker does not take this mqtt.client_id", Err: r}
	case 3:
		return &Error{Kind: Broker, Detail: "refused (CONNACK 3): the broker is not available now", Err: r}
	case 4, 5:
		return &Error{Kind: BrokerAuth, Detail: fmt.Sprintf("refused (CONNACK %d): the broker does not accept the login", byte(r)), Err: r}
	}
	return &Error{Kind: Misconfigured, Detail: fmt.Sprintf("refused with a code unknown to MQTT 3.1.1 (CONNACK %d): check mqtt.url and the broker", byte(r)), Err: r}
}

// explainTLS is nil where TLS is not what failed.
func explainTLS(host string, err error) *Error {
	detail := remote.Untrusted(host, "mqtt.ca_file", err)
	alert, _ := errors.AsType[*net.OpError](err)
	_, noTLS := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case detail != "":
	case alert != nil && alert.Op == "remote error": // crypto/tls marks the peer's alerts so
		detail = fmt.Sprintf("the broker ended TLS (%v): check mqtt.cert_file and mqtt.alpn", alert.Err)
	case noTLS:
		detail = "the broker does not speak TLS on this port: check mqtt.url"
	default:
		if !isHandshake(err) || isNetwork(err) {
			return nil
		}
		detail = "TLS with the broker failed: check its certificate and mqtt.alpn"
	}
	return &Error{Kind: TLS, Detail: detail, Err: err}
}

func isHandshake(err error) bool {
	_, ok := errors.AsType[handshakeError](err)
	return ok
}

func isNetwork(err error) bool {
	_, network := errors.AsType[*net.OpError](err)
	return network || isEnd(err) || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// isEnd reports whether the peer closed or reset the connection.
func isEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// network describes what is neither TLS nor MQTT.
func (a address) network(err error) string {
	dns, noName := errors.AsType[*net.DNSError](err)
	switch {
	case noName && dns.IsNotFound:
		return fmt.Sprintf("no host is named %s: check mqtt.url", a.host)
	case noName:
		return fmt.Sprintf("the name %s cannot be looked up now: check the network", a.host)
	case remote.Refused(err):
		return fmt.Sprintf("nothing listens on %s port %s: is the broker running?", a.host, a.port)
	case remote.NoRoute(err):
		return fmt.Sprintf("no route to %s: check the network", a.host)
	case errors.Is(err, errSilent), errors.Is(err, syscall.ETIMEDOUT), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("%s port %s does not answer: check the network", a.host, a.port)
	case isEnd(err):
		return fmt.Sprintf("%s closed the connection", a.host)
	}
	return plain(err)
}

// plain is an error's text on one line of bounded length, whatever a peer put into it.
func plain(err error) string { return oneline.Clean(err.Error(), maxDetail) }

// maxDetail is the length in characters to which foreign text in Error.Detail is cut.
const maxDetail = 190
