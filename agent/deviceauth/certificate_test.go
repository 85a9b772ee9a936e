package deviceauth

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// certificate is one link of a chain with its key.
type certificate struct {
	*x509.Certificate
	key crypto.Signer
}

// issue makes a certificate from a template that edit has changed; by nil it signs itself.
func issue(t *testing.T, by *certificate, key crypto.Signer, edit ...func(*x509.Certificate)) *certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "as.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true,
	}
	for _, e := range edit {
		e(template)
	}
	self := &certificate{template, key}
	if by == nil {
		by = self
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.Certificate, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	if self.Certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return self
}

// What a template may say.
func authority(c *x509.Certificate) {
	c.IsCA, c.KeyUsage, c.Subject.CommonName = true, x509.KeyUsageCertSign, "authority"
}
func named(names ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.DNSNames = names }
}
func valid(from, to time.Duration) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Now().Add(from), time.Now().Add(to) }
}

// chain is what a server shows, the leaf first, and the root that the device trusts.
type chain struct {
	links []*certificate
	root  *certificate
}

// refreshOver refreshes a grant over TLS at https://HOST, whose name leads to the given chain. It returns how many
// requests got through.
func refreshOver(t *testing.T, host string, c chain, maxVersion uint16) (requests int64, err error) {
	t.Helper()
	var got atomic.Int64
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		got.Add(1)
		io.WriteString(w, tokenJSON)
	}))
	shown := tls.Certificate{PrivateKey: c.links[0].key}
	for _, link := range c.links {
		shown.Certificate = append(shown.Certificate, link.Raw)
	}
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{shown}, MinVersion: tls.VersionTLS10, MaxVersion: maxVersion}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	roots := x509.NewCertPool()
	roots.AddCert(c.root.Certificate)
	rt := newTransport(roots)
	defer rt.CloseIdleConnections()
	rt.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", srv.Listener.Addr().String())
	}
	err = refreshAt(t, "https://"+host, rt)
	return got.Load(), err
}

// TestCertificates is the certificate policy: what an issuer may show, and what refuses it before anything secret goes
// out. Kind tls is what status, panel and doctor show, with the reason.
func TestCertificates(t *testing.T) {
	rootKey, leafKey, middleKey, subKey := testKey(), testKey(), testKey(), testKey()
	root := issue(t, nil, rootKey, authority)
	middle := issue(t, root, middleKey, authority)
	direct := func(edit ...func(*x509.Certificate)) chain {
		return chain{[]*certificate{issue(t, root, leafKey, append([]func(*x509.Certificate){named("as.example")}, edit...)...)}, root}
	}
	through := func(by, trusted *certificate) chain {
		return chain{[]*certificate{issue(t, by, leafKey, named("as.example")), by}, trusted}
	}
	short := issue(t, root, middleKey, authority, func(c *x509.Certificate) { c.MaxPathLenZero = true })
	sub := issue(t, short, subKey, authority)
	weak := weakRSAKey(t)
	weakRoot := issue(t, nil, weak, authority)
	selfSigned := issue(t, nil, leafKey, named("as.example"))
	for name, tt := range map[string]struct {
		host string // "": as.example
		chain
		version uint16
		says    string // "": it is taken
	}{
		"good":                     {chain: direct()},
		"good, by an intermediate": {chain: through(middle, root)},
		"TLS 1.2":                  {chain: direct(), version: tls.VersionTLS12},
		"wildcard":                 {chain: direct(named("*.example"))},
		"server and client EKU": {chain: direct(func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
		})},
		"RSA-2048": {chain: chain{[]*certificate{issue(t, root, strongRSAKey(t), named("as.example"))}, root}},

		"expired":                      {chain: direct(valid(-2*time.Hour, -time.Hour)), says: "expired or is not yet valid"},
		"future":                       {chain: direct(valid(time.Hour, 2*time.Hour)), says: "expired or is not yet valid"},
		"expired root":                 {chain: through(middle, issue(t, nil, rootKey, authority, valid(-2*time.Hour, -time.Hour))), says: "expired or is not yet valid"},
		"wrong host":                   {chain: direct(named("other.example")), says: "valid for other.example, not as.example"},
		"CN only":                      {chain: direct(named()), says: "Common Name"},
		"wildcard over two labels":     {host: "login.as.example", chain: direct(named("*.example")), says: "not login.as.example"},
		"wildcard for the domain":      {host: "example", chain: direct(named("*.example")), says: "not example"},
		"unknown authority":            {chain: chain{direct().links, issue(t, nil, testKey(), authority)}, says: "unknown authority"},
		"self-signed":                  {chain: chain{[]*certificate{selfSigned}, root}, says: "unknown authority"},
		"SHA-1":                        {chain: direct(func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 }), says: "insecure algorithm"},
		"TLS 1.1":                      {chain: direct(), version: tls.VersionTLS11, says: "protocol version"},
		"TLS 1.0":                      {chain: direct(), version: tls.VersionTLS10, says: "protocol version"},
		"name constraints":             {chain: through(issue(t, root, middleKey, authority, func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"other.example"} }), root), says: "not permitted"},
		"excluded by name constraints": {chain: through(issue(t, root, middleKey, authority, func(c *x509.Certificate) { c.ExcludedDNSDomains = []string{"example"} }), root), says: "excluded"},
		"CA:FALSE intermediate":        {chain: through(issue(t, root, middleKey), root), says: "cannot sign this kind of certificate"},
		"path length":                  {chain: chain{[]*certificate{issue(t, sub, leafKey, named("as.example")), sub, short}, root}, says: "too many intermediates"},
		"client EKU":                   {chain: direct(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), says: "incompatible key usage"},
		"RSA-1024":                     {chain: chain{[]*certificate{issue(t, root, weak, named("as.example"))}, root}, version: tls.VersionTLS12, says: "RSA key below 2048 bits"},
		"RSA-1024 intermediate":        {chain: through(issue(t, root, weak, authority), root), says: "RSA key below 2048 bits"},
		"RSA-1024 root":                {chain: through(weakRoot, weakRoot), says: "RSA key below 2048 bits"},
	} {
		t.Run(name, func(t *testing.T) {
			host := tt.host
			if host == "" {
				host = "as.example"
			}
			n, err := refreshOver(t, host, tt.chain, tt.version)
			if tt.says == "" {
				if err != nil || n != 1 {
					t.Errorf("%v", err)
				}
				return
			}
			e := wantKind(t, err, TLS)
			if !strings.Contains(e.Detail, tt.says) || !strings.Contains(e.Detail, "check the clock, the network and ca_file") || strings.Contains(e.Detail, "\n") {
				t.Errorf("says %q, not %q", e.Detail, tt.says)
			}
			if n != 0 {
				t.Errorf("%d requests went out", n)
			}
		})
	}
}

// A CA file that is replaced while the daemon runs counts at the next request: the old authority is refused, the new one
// trusted, and both are while the file has both.
func TestRotatedCAFile(t *testing.T) {
	first, firstCA := tlsServer(t)
	second, secondCA := tlsServer(t)
	file := filepath.Join(t.TempDir(), "ca.pem")
	rt := NewTransport(file)
	for _, tt := range []struct {
		pem           []byte
		first, second bool
	}{{firstCA, true, false}, {append(firstCA, secondCA...), true, true}, {secondCA, false, true}} {
		if err := os.WriteFile(file, tt.pem, 0o600); err != nil {
			t.Fatal(err)
		}
		for url, good := range map[string]bool{first: tt.first, second: tt.second} {
			if err := refreshAt(t, url, rt); (err == nil) != good {
				t.Errorf("%v", err)
			} else if err != nil {
				wantKind(t, err, TLS)
			}
		}
	}
}

// What a daemon says when it starts without its CA file, and that it goes on when the file comes.
func TestCAFileThatComesLater(t *testing.T) {
	url, ca := tlsServer(t)
	file := filepath.Join(t.TempDir(), "ca.pem")
	c, err := New(Config{DeviceAuthorizationEndpoint: url + "/device", TokenEndpoint: url + "/token", ClientID: "printer", HTTP: NewTransport(file)})
	if err != nil {
		t.Fatal(err)
	}
	g := grant()
	g.Issuer, g.TokenEndpoint = "", url+"/token"
	for _, content := range []string{"", "garbage", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}))} {
		if content != "" {
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, err := c.Refresh(t.Context(), g)
		if e := wantKind(t, err, Misconfigured); !strings.Contains(e.Detail, "auth.ca_file "+file) {
			t.Errorf("says %q", e.Detail)
		}
	}
	if err := os.WriteFile(file, ca, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Refresh(t.Context(), g); err != nil {
		t.Error(err)
	}
}
