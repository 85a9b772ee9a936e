//go:build real

package real

import (
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

// authority is a certificate authority that lives as long as one test.
type authority struct {
	file string // its certificate, for ca_file
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

// server is a certificate for 127.0.0.1, in files and in memory.
type server struct {
	certFile, keyFile string
	pair              tls.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "throw-away authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der := must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))(t)
	a := &authority{cert: must(x509.ParseCertificate(der))(t), key: key, pool: x509.NewCertPool()}
	a.pool.AddCert(a.cert)
	a.file = write(t, "ca.pem", block("CERTIFICATE", der))
	return a
}

// issue makes a certificate for this machine.
func (a *authority) issue(t *testing.T) server {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der := must(x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key))(t)
	secret := must(x509.MarshalPKCS8PrivateKey(key))(t)
	certPEM, keyPEM := block("CERTIFICATE", der), block("PRIVATE KEY", secret)
	return server{
		certFile: write(t, "cert.pem", certPEM), keyFile: write(t, "key.pem", keyPEM),
		pair: must(tls.X509KeyPair(certPEM, keyPEM))(t),
	}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// write puts a file into a folder of the test that every user may read.
func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// secretFile holds the speaker's secret as a person would save it.
func secretFile(t *testing.T) string {
	t.Helper()
	path := write(t, "secret", []byte("a secret of the speaker\n"))
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// must ends the test where a call that cannot fail here does.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
