package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

// lanAddress is this machine's address on the network.
func lanAddress() (net.IP, error) {
	conn, err := net.Dial("udp4", "203.0.113.1:9") // TEST-NET-3 of RFC 5737; choosing the route sends nothing
	if err != nil {
		return nil, fmt.Errorf("--lan: no network: %w", err)
	}
	defer conn.Close()
	address, ok := conn.LocalAddr().(*net.UDPAddr)
	if !ok || address.IP.IsLoopback() {
		return nil, errors.New("--lan: this machine has no address but loopback: connect it to the phone's network")
	}
	return address.IP, nil
}

// certLifetime is longer than any demonstration.
const certLifetime = 7 * 24 * time.Hour

// newCertificate makes a certificate authority for this run, writes its certificate to caFile, and returns a certificate of
// its for ip. The authority's key is forgotten at once.
func newCertificate(ip net.IP, caFile string) (tls.Certificate, error) {
	ca, err := newAuthority(caFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf := template("paird lab")
	leaf.IPAddresses = []net.IP{ip}
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca.Leaf, key.Public(), ca.PrivateKey)
	return tls.Certificate{Certificate: [][]byte{der, ca.Leaf.Raw}, PrivateKey: key}, err
}

func newAuthority(caFile string) (ca tls.Certificate, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return ca, err
	}
	root := template("paird lab CA")
	root.IsCA, root.BasicConstraintsValid, root.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, root, root, key.Public(), key)
	if err != nil {
		return ca, err
	}
	ca.PrivateKey = key
	if ca.Leaf, err = x509.ParseCertificate(der); err != nil {
		return ca, err
	}
	return ca, os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}

func template(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.Add(certLifetime),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
}
