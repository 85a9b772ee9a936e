package telemetry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"unicode"
)

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

// explain tells the codes of MQTT 3.1.1 section 3.2.2.3 apart. 4 and 5 mean the same: brokers do
// not agree on which.
func (r refusal) explain() *Error {
	switch r {
	case 1:
		return &Error{Kind: Misconfigured, Detail: "refused (CONNACK 1): the broker does not speak MQTT 3.1.1", Err: r}
	case 2:
		return &Error{Kind: Misconfigured, Detail: "refused (CONNACK 2): the broker does not take this mqtt.client_id", Err: r}
	case 3:
		return &Error{Kind: Broker, Detail: "refused (CONNACK 3): the broker is not available now", Err: r}
	case 4, 5:
		return &Error{Kind: BrokerAuth, Detail: fmt.Sprintf("refused (CONNACK %d): the broker does not accept the token", byte(r)), Err: r}
	}
	return &Error{Kind: Misconfigured, Detail: fmt.Sprintf("refused with a code unknown to MQTT 3.1.1 (CONNACK %d): check mqtt.url and the broker", byte(r)), Err: r}
}

func explainTLS(host string, err error) *Error {
	detail := ""
	var invalid x509.CertificateInvalidError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	alert, _ := errors.AsType[*net.OpError](err)
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		detail = "the broker's certificate is expired or not yet valid: check this board's clock"
	case errors.As(err, &authority):
		detail = "the broker's certificate is from an unknown authority: set mqtt.ca_file"
	case errors.As(err, &name):
		detail = fmt.Sprintf("the broker's certificate is not for %s: check mqtt.url", host)
	case alert != nil && alert.Op == "remote error": // crypto/tls marks the peer's alerts so
		detail = fmt.Sprintf("the broker ended TLS (%v): check mqtt.cert_file and mqtt.alpn", alert.Err)
	case errors.As(err, &record):
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

// isEnd tells whether the peer closed or reset the connection.
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
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("nobody listens on %s port %s: is the broker running?", a.host, a.port)
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return fmt.Sprintf("no route to %s: check the network", a.host)
	case errors.Is(err, errSilent), errors.Is(err, syscall.ETIMEDOUT), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("%s port %s does not answer: check the network", a.host, a.port)
	case isEnd(err):
		return fmt.Sprintf("%s closed the connection", a.host)
	}
	return plain(err)
}

// plain is an error's text on one line of bounded length, whatever a peer put into it.
func plain(err error) string {
	text := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, err.Error())
	return fmt.Sprintf("%.200s", text)
}
