// Package cert makes certificate authorities for one run of the lab or of a test, and certificates that they sign.
package cert

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
	"time"
)

// Lifetime is longer than any run.
const Lifetime = 7 * 24 * time.Hour

// Authority is a certificate authority, in memory only.
type Authority struct {
	cert  *x509.Certificate
	key   crypto.Signer
	chain [][]byte // what a server presents behind its own certificate
}

// Edit changes the template of a certificate before it is signed.
type Edit = func(*x509.Certificate)

// NewAuthority makes an authority that signs itself.
func NewAuthority(edits ...Edit) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	root := template("paird lab CA", append([]Edit{authority}, edits...))
	a, err := (&Authority{cert: root, key: key}).sign(root, key)
	return &Authority{cert: a, key: key}, err
}

// Below makes an authority that a has signed. Its servers present its certificate behind their own.
func (a *Authority) Below(edits ...Edit) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	b, err := a.sign(template("authority between", append([]Edit{authority}, edits...)), key)
	if err != nil {
		return nil, err
	}
	return &Authority{cert: b, key: key, chain: append([][]byte{b.Raw}, a.chain...)}, nil
}

// PEM is the authority's certificate, for ca_file.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// Pool trusts the authority alone.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// Self is the authority's own certificate as that of a server.
func (a *Authority) Self() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{a.cert.Raw}, PrivateKey: a.key}
}

// Issue makes a server's certificate; IPs, or another Edit, says what for.
func (a *Authority) Issue(edits ...Edit) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	return a.IssueTo(key, edits...)
}

// IssueTo is Issue for a key of the caller's.
func (a *Authority) IssueTo(key crypto.Signer, edits ...Edit) (tls.Certificate, error) {
	leaf, err := a.sign(template("paird lab", append([]Edit{server}, edits...)), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: append([][]byte{leaf.Raw}, a.chain...), PrivateKey: key}, nil
}

// IPs sets the addresses that a certificate is for.
func IPs(all ...net.IP) Edit { return func(c *x509.Certificate) { c.IPAddresses = all } }

func authority(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
}

func server(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }

func (a *Authority) sign(c *x509.Certificate, key crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func template(name string, edits []Edit) *x509.Certificate {
	now := time.Now()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.Add(Lifetime),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	for _, edit := range edits {
		edit(c)
	}
	return c
}
