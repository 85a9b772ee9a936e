package e2e

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
	"testing"
	"time"
)

// Authority is a certificate authority that lives as long as one test.
type Authority struct {
	File string // its certificate, for ca_file
	Pool *x509.CertPool
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Certificate is one for 127.0.0.1, in files and in memory.
type Certificate struct {
	CertFile, KeyFile string
	Pair              tls.Certificate
}

// NewAuthority makes an authority.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "throw-away authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der := Must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))(t)
	a := &Authority{cert: Must(x509.ParseCertificate(der))(t), key: key, Pool: x509.NewCertPool()}
	a.Pool.AddCert(a.cert)
	a.File = Write(t, "ca.pem", block("CERTIFICATE", der))
	return a
}

// Issue makes a certificate for this machine.
func (a *Authority) Issue(t testing.TB) Certificate {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der := Must(x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key))(t)
	certPEM := block("CERTIFICATE", der)
	keyPEM := block("PRIVATE KEY", Must(x509.MarshalPKCS8PrivateKey(key))(t))
	return Certificate{
		CertFile: Write(t, "cert.pem", certPEM), KeyFile: Write(t, "key.pem", keyPEM),
		Pair: Must(tls.X509KeyPair([]byte(certPEM), []byte(keyPEM)))(t),
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	return Must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
