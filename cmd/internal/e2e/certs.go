package e2e

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"strings"
	"testing"

	"github.com/paird/paird/cmd/internal/cert"
)

// Authority is a certificate authority of one test.
type Authority struct {
	File string // its certificate, for ca_file; "" of one below another
	*cert.Authority
}

// Certificate is one for 127.0.0.1, which a virtual machine of QEMU reaches as 10.0.2.2, in files and in memory.
type Certificate struct {
	CertFile, KeyFile string
	Pair              tls.Certificate
}

var here = cert.IPs(net.IPv4(127, 0, 0, 1), net.IPv4(10, 0, 2, 2))

// NewAuthority makes an authority.
func NewAuthority(t testing.TB, edits ...cert.Edit) *Authority {
	t.Helper()
	named := func(c *x509.Certificate) { c.Subject.CommonName = "throw-away authority" } // as config/certificates.md quotes it
	a := Must(cert.NewAuthority(append([]cert.Edit{named, here}, edits...)...))(t)
	return &Authority{Write(t, "ca.pem", string(a.PEM())), a}
}

// Issue makes a certificate for this machine; each edit may alter its template.
func (a *Authority) Issue(t testing.TB, edits ...cert.Edit) Certificate {
	t.Helper()
	return files(t, Must(a.Authority.Issue(append([]cert.Edit{here}, edits...)...))(t))
}

// IssueTo is Issue for a key of the test's own.
func (a *Authority) IssueTo(t testing.TB, key crypto.Signer, edits ...cert.Edit) Certificate {
	t.Helper()
	return files(t, Must(a.Authority.IssueTo(key, append([]cert.Edit{here}, edits...)...))(t))
}

// Below makes an authority between a and the certificates that it issues.
func (a *Authority) Below(t testing.TB, edits ...cert.Edit) *Authority {
	t.Helper()
	return &Authority{Authority: Must(a.Authority.Below(edits...))(t)}
}

// files writes a certificate, with those behind it, and its key.
func files(t testing.TB, pair tls.Certificate) Certificate {
	t.Helper()
	var chain strings.Builder
	for _, der := range pair.Certificate {
		chain.WriteString(block("CERTIFICATE", der))
	}
	key := block("PRIVATE KEY", Must(x509.MarshalPKCS8PrivateKey(pair.PrivateKey))(t))
	return Certificate{CertFile: Write(t, "cert.pem", chain.String()), KeyFile: Write(t, "key.pem", key), Pair: pair}
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
