package telemetry

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestExplain(t *testing.T) {
	a, err := parseAddress("mqtts://b.example", "")
	if err != nil {
		t.Fatal(err)
	}
	op := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", err)}
	}
	for _, c := range []struct {
		err  error
		kind Kind
		want string
	}{
		{&Error{Kind: TLS, Detail: "as it is"}, TLS, "as it is"},
		{refusal(4), BrokerAuth, "CONNACK 4"},
		{refusal(200), Misconfigured, "CONNACK 200"},
		{op(syscall.ECONNREFUSED), Broker, "nothing listens on b.example port 8883"},
		{op(syscall.ENETUNREACH), Broker, "no route to b.example"},
		{op(syscall.ETIMEDOUT), Broker, "does not answer"},
		{&net.DNSError{Name: "b.example", IsNotFound: true}, Broker, "no host is named b.example"},
		{&net.DNSError{Name: "b.example", IsTimeout: true}, Broker, "cannot be looked up now"},
		{lost{io.EOF}, Broker, "b.example closed the connection"},
		{handshakeError{io.EOF}, Broker, "closed the connection"},
		{handshakeError{context.DeadlineExceeded}, Broker, "does not answer"},
		{handshakeError{errors.New("tls: handshake failure")}, TLS, "TLS with the broker failed"},
		{handshakeError{x509.UnknownAuthorityError{}}, TLS, "mqtt.ca_file"},
		{handshakeError{x509.CertificateInvalidError{Reason: x509.Expired}}, TLS, "clock"},
		{errNoConnack, Broker, "is this an MQTT broker?"},
		{fmt.Errorf("odd\r\nINJECTED %s", strings.Repeat("x", 500)), Broker, "oddINJECTED"},
	} {
		e := a.explain(c.err)
		if e.Kind != c.kind || !strings.Contains(e.Detail, c.want) || len(e.Detail) > 200 || strings.ContainsAny(e.Detail, "\r\n") {
			t.Errorf("%v: %s, %q, want %s, %q", c.err, e.Kind, e.Detail, c.kind, c.want)
		}
	}
}
