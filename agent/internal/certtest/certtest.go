// Package certtest makes certificate authorities for tests, and certificates that they sign.
package certtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Certificate is one link of a chain, with its key.
type Certificate struct {
	*x509.Certificate
	Key crypto.Signer
}

// Edit changes the template of a certificate before it is signed.
type Edit = func(*x509.Certificate)

// Issue makes a certificate for key, signed by the issuer, or by itself for nil. It is valid from an hour ago for a day.
func Issue(t testing.TB, issuer *Certificate, key crypto.Signer, edits ...Edit) *Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	for _, edit := range edits {
		edit(template)
	}
	if issuer == nil {
		issuer = &Certificate{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer.Certificate, key.Public(), issuer.Key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &Certificate{cert, key}
}

// NewAuthority makes an authority that signs itself.
func NewAuthority(t testing.TB, edits ...Edit) *Certificate {
	t.Helper()
	return Issue(t, nil, NewKey(t), append([]Edit{Authority}, edits...)...)
}

// NewKey makes a P-256 key.
func NewKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// Authority is the Edit that makes a certificate one of an authority.
func Authority(c *x509.Certificate) {
	c.IsCA, c.KeyUsage, c.Subject = true, x509.KeyUsageCertSign, pkix.Name{CommonName: "authority"}
}

// Server makes a certificate one of a server, of that name or IP address, and of a client.
func Server(name string) Edit {
	return func(c *x509.Certificate) {
		c.Subject.CommonName = name
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		if ip := net.ParseIP(name); ip != nil {
			c.IPAddresses = []net.IP{ip}
		} else {
			c.DNSNames = []string{name}
		}
	}
}

// Names sets the DNS names.
func Names(names ...string) Edit { return func(c *x509.Certificate) { c.DNSNames = names } }

// Valid sets the validity, from now on.
func Valid(from, to time.Duration) Edit {
	return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Now().Add(from), time.Now().Add(to) }
}

// PEM is the certificate in PEM, for ca_file.
func (c *Certificate) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// Pool trusts the certificate alone.
func (c *Certificate) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(c.Certificate)
	return pool
}

// TLS is the certificate as a server or a client presents it, with the others of its chain.
func (c *Certificate) TLS(chain ...*Certificate) tls.Certificate {
	presented := tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: c.Key}
	for _, link := range chain {
		presented.Certificate = append(presented.Certificate, link.Raw)
	}
	return presented
}

// Files writes the certificate and its key to files in PEM.
func (c *Certificate) Files(t testing.TB) (cert, key string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.Key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, text := range map[string][]byte{cert: c.PEM(), key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}
