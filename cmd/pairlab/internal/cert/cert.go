// Package cert makes certificate authorities that live as long as a run of the lab, and certificates of theirs.
package cert

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
	"time"
)

// Lifetime is longer than any run.
const Lifetime = 7 * 24 * time.Hour

// Authority is a certificate authority, in memory only.
type Authority struct{ ca tls.Certificate }

// NewAuthority makes one.
func NewAuthority() (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	root := template("paird lab CA")
	root.IsCA, root.BasicConstraintsValid, root.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	if err != nil {
		return nil, err
	}
	a := &Authority{tls.Certificate{PrivateKey: key}}
	a.ca.Leaf, err = x509.ParseCertificate(der)
	return a, err
}

// PEM is the authority's certificate, for ca_file.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.ca.Leaf.Raw})
}

// Issue makes a certificate for ip.
func (a *Authority) Issue(ip net.IP) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf := template("paird lab")
	leaf.IPAddresses = []net.IP{ip}
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	der, err := x509.CreateCertificate(rand.Reader, leaf, a.ca.Leaf, key.Public(), a.ca.PrivateKey)
	return tls.Certificate{Certificate: [][]byte{der, a.ca.Leaf.Raw}, PrivateKey: key}, err
}

func template(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.Add(Lifetime),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
}
