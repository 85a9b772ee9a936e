package e2e

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
	"testing"
	"time"
)

// Authority is a certificate authority that lives as long as one test.
type Authority struct {
	File string // its certificate, for ca_file
	Pool *x509.CertPool
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	// chain has the certificates, as PEM, that a server shows behind its own; "": the authority is trusted itself.
	chain string
}

// Certificate is one for 127.0.0.1, which a virtual machine of QEMU reaches as 10.0.2.2, in files and in memory.
type Certificate struct {
	CertFile, KeyFile string
	Pair              tls.Certificate
}

// NewAuthority makes an authority.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	key := newKey(t)
	template := authority("throw-away authority")
	der := Must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))(t)
	a := &Authority{cert: Must(x509.ParseCertificate(der))(t), key: key, Pool: x509.NewCertPool()}
	a.Pool.AddCert(a.cert)
	a.File = Write(t, "ca.pem", block("CERTIFICATE", der))
	return a
}

// Issue makes a certificate for this machine; each change may alter its template.
func (a *Authority) Issue(t testing.TB, changes ...func(*x509.Certificate)) Certificate {
	t.Helper()
	return a.IssueTo(t, newKey(t), changes...)
}

// IssueTo is Issue for a key of the test's own.
func (a *Authority) IssueTo(t testing.TB, key crypto.Signer, changes ...func(*x509.Certificate)) Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 0, 2, 2)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	certPEM := block("CERTIFICATE", a.sign(t, template, key, changes)) + a.chain
	keyPEM := block("PRIVATE KEY", Must(x509.MarshalPKCS8PrivateKey(key))(t))
	return Certificate{
		CertFile: Write(t, "cert.pem", certPEM), KeyFile: Write(t, "key.pem", keyPEM),
		Pair: Must(tls.X509KeyPair([]byte(certPEM), []byte(keyPEM)))(t),
	}
}

// Below makes an authority between a and the certificates that it issues. They bring its certificate along.
func (a *Authority) Below(t testing.TB, changes ...func(*x509.Certificate)) *Authority {
	t.Helper()
	key := newKey(t)
	template := authority("authority between")
	der := a.sign(t, template, key, changes)
	return &Authority{cert: Must(x509.ParseCertificate(der))(t), key: key, chain: block("CERTIFICATE", der) + a.chain}
}

func (a *Authority) sign(t testing.TB, template *x509.Certificate, key crypto.Signer, changes []func(*x509.Certificate)) (der []byte) {
	t.Helper()
	for _, change := range changes {
		change(template)
	}
	return Must(x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key))(t)
}

func authority(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	return Must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
