package main

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/cert"
)

// With --lan there is https only, by a certificate that the lab's own authority signed for the address, and the device pairs
// over it.
func TestDemoLAN(t *testing.T) {
	t.Parallel()
	b := newBench(t, options{lan: true})
	if !strings.HasPrefix(b.lab.origin, "https://") || !strings.Contains(b.lab.welcome(), "Warning: ") || !strings.Contains(b.lab.welcome(), "\u2588") {
		t.Errorf("origin %s, welcome %s", b.lab.origin, b.lab.welcome())
	}
	b.awaitText("Press the device's button: it asks for a code.")
	b.pairAs("bob")
	b.awaitText("Paired as Bob. Hold the button for 3 seconds to pair again.")
	if resp, err := http.Get("http://" + strings.TrimPrefix(b.lab.url(), "https://")); err == nil {
		resp.Body.Close()
		if resp.StatusCode < http.StatusBadRequest {
			t.Errorf("plain http: %s", resp.Status)
		}
	}
	b.end()
}

func TestCertificate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	ip := net.IPv4(192, 0, 2, 7)
	pair, err := newCertificate(ip, file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) || strings.Contains(string(text), "KEY") {
		t.Errorf("ca.pem: %s", text)
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: ip.String()}); err != nil {
		t.Error(err)
	}
	for name, o := range map[string]x509.VerifyOptions{
		"another address":   {Roots: roots, DNSName: "192.0.2.8"},
		"after a fortnight": {Roots: roots, DNSName: ip.String(), CurrentTime: time.Now().Add(2 * cert.Lifetime)},
	} {
		if _, err := leaf.Verify(o); err == nil {
			t.Errorf("%s: good", name)
		}
	}
}

// trusting is a client of the lab's own certificate.
func trusting(t *testing.T, caFile string) *http.Transport {
	t.Helper()
	if caFile == "" {
		return &http.Transport{}
	}
	text, err := os.ReadFile(caFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
}
