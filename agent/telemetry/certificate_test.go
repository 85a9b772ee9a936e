package telemetry

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/paird/paird/agent/internal/brokertest"
)

// badServer is a broker's TLS with something wrong, or nothing.
type badServer struct {
	change  func(*x509.Certificate)        // of a good certificate for broker.example
	key     func(*testing.T) crypto.Signer // nil: P-256
	above   func(*x509.Certificate)        // of an authority between; nil: none
	version uint16                         // the newest that the server knows
	want    string                         // "": accepted
}

func badServers() map[string]badServer {
	now := time.Now()
	names := func(all ...string) func(*x509.Certificate) { return func(c *x509.Certificate) { c.DNSNames = all } }
	good := func(*x509.Certificate) {}
	return map[string]badServer{
		"good":             {change: good},
		"wildcard":         {change: names("*.example")},
		"above":            {change: good, above: good},
		"expired":          {change: func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) }, want: "has expired or is not yet valid"},
		"future":           {change: func(c *x509.Certificate) { c.NotBefore = now.Add(time.Minute) }, want: "has expired or is not yet valid"},
		"wrong host":       {change: names("other.example"), want: "is valid for other names than broker.example"},
		"CN only":          {change: names(), want: "is valid for other names than broker.example"},
		"wide wildcard":    {change: names("*"), want: "is valid for other names than broker.example"},
		"wildcard below":   {change: names("*.broker.example"), want: "is valid for other names than broker.example"},
		"client's":         {change: func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, want: "not one for servers"},
		"SHA-1":            {change: func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 }, want: "unknown authority"},
		"RSA-1024":         {change: good, key: rsaKey(1024), want: "RSA key below 2048 bits"},
		"RSA-2048":         {change: good, key: rsaKey(2048)},
		"no CA above":      {change: good, above: func(c *x509.Certificate) { c.IsCA = false }, want: "broker's certificate is"},
		"constrained":      {change: good, above: func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"other.example"} }, want: "may not name broker.example"},
		"above is too old": {change: good, above: func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) }, want: "has expired or is not yet valid"},
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
func (s badServer) config(t *testing.T, ca *authority) *tls.Config {
	t.Helper()
	var key crypto.Signer = newKey(t)
	if s.key != nil {
		key = s.key(t)
	}
	leaf := serverCertificate("broker.example", time.Now().Add(-time.Hour))
	s.change(leaf)
	signer, chain := ca, [][]byte(nil)
	if s.above != nil {
		signer = ca.intermediate(t, s.above)
		chain = append(chain, signer.cert.Raw)
	}
	pair := signer.sign(t, key, leaf)
	pair.Certificate = append(pair.Certificate, chain...)
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS10, MaxVersion: s.version}
}

// intermediate is an authority below a.
func (a *authority) intermediate(t *testing.T, change func(*x509.Certificate)) *authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "intermediate"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(48 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	change(template)
	b := &authority{key: newKey(t)}
	cert, err := x509.ParseCertificate(a.sign(t, b.key, template).Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	b.cert = cert
	return b
}

// Each server of the table is refused, by Serve and by Reach, over TCP and over WebSocket: no CONNECT, with
// the token in it, reaches a broker that is not the one meant.
func TestCertificates(t *testing.T) {
	ca := newAuthority(t)
	for name, c := range badServers() {
		for _, scheme := range []string{"mqtts", "wss"} {
			broker := brokertest.New()
			addr := serveTLS(t, c.config(t, ca), scheme, broker)
			b := newBench(t, func(o *Options) {
				o.URL, o.CAFile = scheme+"://broker.example", ca.file
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
	first, second := newAuthority(t), newAuthority(t)
	pemOf := func(a *authority) []byte {
		text, err := os.ReadFile(a.file)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	for _, scheme := range []string{"mqtts", "wss"} {
		good := badServers()["good"]
		addrs := map[*authority]string{}
		for _, ca := range []*authority{first, second} {
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
		}{{pemOf(first), true, false}, {append(pemOf(first), pemOf(second)...), true, true}, {pemOf(second), false, true}} {
			if err := os.WriteFile(file, c.pem, 0o600); err != nil {
				t.Fatal(err)
			}
			for ca, want := range map[*authority]bool{first: c.first, second: c.second} {
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
