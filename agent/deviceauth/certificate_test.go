package deviceauth

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paird/paird/agent/internal/certtest"
)

// chain is what a server shows, the leaf first, and the root that the device trusts.
type chain struct {
	links []*certtest.Certificate
	root  *certtest.Certificate
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
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{c.links[0].TLS(c.links[1:]...)}, MinVersion: tls.VersionTLS10, MaxVersion: maxVersion}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	rt := newTransport(c.root.Pool())
	defer rt.CloseIdleConnections()
	rt.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", srv.Listener.Addr().String())
	}
	err = refreshAt(t, "https://"+host, rt)
	return got.Load(), err
}

// certificateCase is what an issuer shows, and what that says.
type certificateCase struct {
	host string // "": as.example
	chain
	version uint16 // the newest TLS of the server; 0: no bound
	says    string // "": it is taken
}

// certificateCases are the certificate policy: what an issuer may show, and what refuses it before anything secret goes out.
func certificateCases(t *testing.T) map[string]certificateCase {
	rootKey, leafKey, middleKey, subKey := testKey(), testKey(), testKey(), testKey()
	root := certtest.Issue(t, nil, rootKey, certtest.Authority)
	middle := certtest.Issue(t, root, middleKey, certtest.Authority)
	direct := func(edit ...certtest.Edit) chain {
		return chain{[]*certtest.Certificate{certtest.Issue(t, root, leafKey, append([]certtest.Edit{certtest.Names("as.example")}, edit...)...)}, root}
	}
	through := func(by, trusted *certtest.Certificate) chain {
		return chain{[]*certtest.Certificate{certtest.Issue(t, by, leafKey, certtest.Names("as.example")), by}, trusted}
	}
	short := certtest.Issue(t, root, middleKey, certtest.Authority, func(c *x509.Certificate) { c.MaxPathLenZero = true })
	sub := certtest.Issue(t, short, subKey, certtest.Authority)
	weak := weakRSAKey(t)
	weakRoot := certtest.Issue(t, nil, weak, certtest.Authority)
	selfSigned := certtest.Issue(t, nil, leafKey, certtest.Names("as.example"))
	return map[string]certificateCase{
		"good":                     {chain: direct()},
		"good, by an intermediate": {chain: through(middle, root)},
		"TLS 1.2":                  {chain: direct(), version: tls.VersionTLS12},
		"wildcard":                 {chain: direct(certtest.Names("*.example"))},
		"server and client EKU": {chain: direct(func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
		})},
		"RSA-2048": {chain: chain{[]*certtest.Certificate{certtest.Issue(t, root, strongRSAKey(t), certtest.Names("as.example"))}, root}},

		"expired":                      {chain: direct(certtest.Valid(-2*time.Hour, -time.Hour)), says: "expired or is not yet valid"},
		"future":                       {chain: direct(certtest.Valid(time.Hour, 2*time.Hour)), says: "expired or is not yet valid"},
		"expired root":                 {chain: through(middle, certtest.Issue(t, nil, rootKey, certtest.Authority, certtest.Valid(-2*time.Hour, -time.Hour))), says: "expired or is not yet valid"},
		"wrong host":                   {chain: direct(certtest.Names("other.example")), says: "valid for other.example, not as.example"},
		"CN only":                      {chain: direct(certtest.Names(), func(c *x509.Certificate) { c.Subject.CommonName = "as.example" }), says: "Common Name"},
		"wildcard over two labels":     {host: "login.as.example", chain: direct(certtest.Names("*.example")), says: "not login.as.example"},
		"wildcard for the domain":      {host: "example", chain: direct(certtest.Names("*.example")), says: "not example"},
		"unknown authority":            {chain: chain{direct().links, certtest.Issue(t, nil, testKey(), certtest.Authority)}, says: "unknown authority"},
		"self-signed":                  {chain: chain{[]*certtest.Certificate{selfSigned}, root}, says: "unknown authority"},
		"SHA-1":                        {chain: direct(func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 }), says: "insecure algorithm"},
		"TLS 1.1":                      {chain: direct(), version: tls.VersionTLS11, says: "TLS 1.0 or 1.1 only"},
		"TLS 1.0":                      {chain: direct(), version: tls.VersionTLS10, says: "TLS 1.0 or 1.1 only"},
		"name constraints":             {chain: through(certtest.Issue(t, root, middleKey, certtest.Authority, func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"other.example"} }), root), says: "not permitted"},
		"excluded by name constraints": {chain: through(certtest.Issue(t, root, middleKey, certtest.Authority, func(c *x509.Certificate) { c.ExcludedDNSDomains = []string{"example"} }), root), says: "excluded"},
		"CA:FALSE intermediate":        {chain: through(certtest.Issue(t, root, middleKey), root), says: "cannot sign this kind of certificate"},
		"path length":                  {chain: chain{[]*certtest.Certificate{certtest.Issue(t, sub, leafKey, certtest.Names("as.example")), sub, short}, root}, says: "too many intermediates"},
		"client EKU":                   {chain: direct(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), says: "incompatible key usage"},
		"RSA-1024":                     {chain: chain{[]*certtest.Certificate{certtest.Issue(t, root, weak, certtest.Names("as.example"))}, root}, version: tls.VersionTLS12, says: "RSA key below 2048 bits"},
		"RSA-1024 intermediate":        {chain: through(certtest.Issue(t, root, weak, certtest.Authority), root), says: "RSA key below 2048 bits"},
		"RSA-1024 root":                {chain: through(weakRoot, weakRoot), says: "RSA key below 2048 bits"},
	}
}

// mend is what to do about a certificate of which the error says that.
func mend(says string) string {
	switch says {
	case "expired or is not yet valid":
		return "check this board's clock"
	case "unknown authority", "insecure algorithm", "cannot sign this kind of certificate":
		return "set auth.ca_file"
	case "valid for other.example, not as.example", "Common Name", "not login.as.example", "not example":
		return "check the address"
	case "TLS 1.0 or 1.1 only":
		return "it must offer TLS 1.2"
	}
	return "the server needs another certificate"
}

// TestCertificates: kind tls is what status, panel and doctor show, with the reason.
func TestCertificates(t *testing.T) {
	for name, tt := range certificateCases(t) {
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
			if !strings.Contains(e.Detail, tt.says) || !strings.HasSuffix(e.Detail, "): "+mend(tt.says)) || strings.Contains(e.Detail, "\n") {
				t.Errorf("says %q, not %q and %q", e.Detail, tt.says, mend(tt.says))
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
