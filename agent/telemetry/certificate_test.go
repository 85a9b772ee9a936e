package telemetry

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/paird/paird/agent/internal/brokertest"
	"github.com/paird/paird/agent/internal/certtest"
)

// badServer is a broker's TLS with something wrong, or nothing.
type badServer struct {
	change  certtest.Edit                  // of a good certificate for broker.example
	key     func(*testing.T) crypto.Signer // nil: P-256
	above   certtest.Edit                  // of an authority between; nil: none
	version uint16                         // the newest that the server knows
	want    string                         // "": accepted
}

func badServers() map[string]badServer {
	now := time.Now()
	good := func(*x509.Certificate) {}
	return map[string]badServer{
		"good":             {change: good},
		"wildcard":         {change: certtest.Names("*.example")},
		"above":            {change: good, above: good},
		"expired":          {change: func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) }, want: "has expired or is not yet valid: "},
		"future":           {change: func(c *x509.Certificate) { c.NotBefore = now.Add(time.Minute) }, want: "has expired or is not yet valid: "},
		"wrong host":       {change: certtest.Names("other.example"), want: "is valid for other.example, not broker.example): check the address"},
		"CN only":          {change: certtest.Names(), want: "): check the address"},
		"wide wildcard":    {change: certtest.Names("*"), want: "valid for *, not broker.example): check the address"},
		"wildcard below":   {change: certtest.Names("*.broker.example"), want: "valid for *.broker.example, not broker.example): check the address"},
		"client's":         {change: func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, want: "incompatible key usage): the server needs another certificate"},
		"SHA-1":            {change: func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 }, want: "): set mqtt.ca_file"},
		"RSA-1024":         {change: good, key: rsaKey(1024), want: "RSA key below 2048 bits"},
		"RSA-2048":         {change: good, key: rsaKey(2048)},
		"no CA above":      {change: good, above: func(c *x509.Certificate) { c.IsCA = false }, want: "signed by unknown authority"},
		"constrained":      {change: good, above: func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"other.example"} }, want: "is not permitted by any constraint"},
		"above is too old": {change: good, above: func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) }, want: "has expired or is not yet valid: "},
		"TLS 1.0":          {change: good, version: tls.VersionTLS10, want: "TLS 1.2"},
		"TLS 1.1":          {change: good, version: tls.VersionTLS11, want: "TLS 1.2"},
		"TLS 1.2":          {change: good, version: tls.VersionTLS12},
	}
}

func rsaKey(bits int) func(*testing.T) crypto.Signer {
	return func(t *testing.T) crypto.Signer {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
}

// config is the server's side.
func (s badServer) config(t *testing.T, ca *certtest.Certificate) *tls.Config {
	t.Helper()
	var key crypto.Signer = certtest.NewKey(t)
	if s.key != nil {
		key = s.key(t)
	}
	edits := []certtest.Edit{certtest.Server("broker.example"), s.change}
	if s.above == nil {
		return s.presents(certtest.Issue(t, ca, key, edits...).TLS())
	}
	above := certtest.Issue(t, ca, certtest.NewKey(t), certtest.Authority, s.above)
	return s.presents(certtest.Issue(t, above, key, edits...).TLS(above))
}

func (s badServer) presents(c tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{c}, MinVersion: tls.VersionTLS10, MaxVersion: s.version}
}

// Each server of the table is refused, by Serve and by Reach, over TCP and over WebSocket: no CONNECT, with
// the token in it, reaches a broker that is not the one meant.
func TestCertificates(t *testing.T) {
	ca := certtest.NewAuthority(t)
	caFile, _ := ca.Files(t)
	for name, c := range badServers() {
		for _, scheme := range []string{"mqtts", "wss"} {
			broker := brokertest.New()
			addr := serveTLS(t, c.config(t, ca), scheme, broker)
			b := newBench(t, func(o *Options) {
				o.URL, o.CAFile = scheme+"://broker.example", caFile
				o.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
					return (&net.Dialer{}).DialContext(ctx, network, addr)
				}
			})
			if c.want == "" {
				b.exchange(t)
				continue
			}
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			for way, err := range map[string]error{"Serve": b.Serve(ctx, token, func() {}), "Reach": b.Reach(ctx)} {
				if e, ok := errors.AsType[*Error](err); !ok || e.Kind != TLS || !strings.Contains(e.Detail, c.want) {
					t.Errorf("%s over %s: %s: %v", name, scheme, way, err)
				}
			}
			cancel()
			if len(broker.Connects()) != 0 {
				t.Errorf("%s over %s: the broker got a CONNECT", name, scheme)
			}
		}
	}
}

// A CA file that is replaced while the daemon runs counts at the next connection, over TCP and over WebSocket.
func TestRotatedCAFile(t *testing.T) {
	first, second := certtest.NewAuthority(t), certtest.NewAuthority(t)
	file := filepath.Join(t.TempDir(), "ca.pem")
	for _, scheme := range []string{"mqtts", "wss"} {
		good := badServers()["good"]
		addrs := map[*certtest.Certificate]string{}
		for _, ca := range []*certtest.Certificate{first, second} {
			addrs[ca] = serveTLS(t, good.config(t, ca), scheme, brokertest.New())
		}
		var addr string
		b := newBench(t, func(o *Options) {
			o.URL, o.CAFile = scheme+"://broker.example", file
			o.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, addr)
			}
		})
		for _, c := range []struct {
			pem           []byte
			first, second bool
		}{{first.PEM(), true, false}, {append(first.PEM(), second.PEM()...), true, true}, {second.PEM(), false, true}} {
			if err := os.WriteFile(file, c.pem, 0o600); err != nil {
				t.Fatal(err)
			}
			for ca, want := range map[*certtest.Certificate]bool{first: c.first, second: c.second} {
				addr = addrs[ca]
				err := b.Reach(t.Context())
				if e, ok := errors.AsType[*Error](err); (err == nil) != want || err != nil && (!ok || e.Kind != TLS) {
					t.Errorf("%s: %v", scheme, err)
				}
			}
		}
	}
}

// serveTLS serves MQTT, over WebSocket if the scheme says so.
func serveTLS(t *testing.T, config *tls.Config, scheme string, broker *brokertest.Broker) (addr string) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if scheme == "wss" {
		upgrader := websocket.Upgrader{Subprotocols: []string{"mqtt"}}
		server := &http.Server{ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if ws, err := upgrader.Upgrade(w, r, nil); err == nil {
				broker.Accept(&webConn{Conn: ws})
			}
		})}
		go server.Serve(l)
		t.Cleanup(func() { server.Close() })
		return l.Addr().String()
	}
	go func() {
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			broker.Accept(conn)
		}
	}()
	return l.Addr().String()
}
