//go:build real

package attack

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/internal/provider/providertest"
)

// What status and doctor say of a certificate that is not good, of the issuer and of the broker, over TCP and over
// WebSocket. The tables of all that is refused are TestCertificates of deviceauth and telemetry.
func TestWrongCertificates(t *testing.T) {
	trusted, other := e2e.NewAuthority(t), e2e.NewAuthority(t)
	for name, row := range map[string]struct {
		by   *e2e.Authority
		host string // the certificate is for 127.0.0.1
		says string
	}{
		"unknown authority": {other, "127.0.0.1", "unknown authority"},
		"wrong host":        {trusted, "localhost", "localhost"},
	} {
		for _, peer := range []string{"issuer", "mqtts", "wss"} {
			t.Run(name+" of "+peer, func(t *testing.T) {
				t.Parallel()
				url := strings.Replace(overTLS(t, row.by.Issue(t)), "127.0.0.1", row.host, 1)
				d := wronglyCertified(t, peer, url, trusted.File)
				s := d.Await("a problem is named", func(s control.Status) bool { return s.Problem != nil })
				if s.Problem.Code != "tls" || !strings.Contains(s.Problem.Detail, row.says) {
					t.Errorf("status: %+v", s.Problem)
				}
				d.Stop()
				out, code := d.Paird("doctor")
				if code != 1 || !strings.Contains(out, row.says) {
					t.Errorf("doctor: exit %d: %s", code, out)
				}
			})
		}
	}
}

// overTLS is a server with the certificate; nothing reaches what is behind it.
func overTLS(t *testing.T, c e2e.Certificate) (url string) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a request came through: %s", r.URL.Path)
	}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{c.Pair}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// wronglyCertified is a device that runs and has the server at url as its issuer or its broker.
func wronglyCertified(t *testing.T, peer, url, ca string) *e2e.Device {
	t.Helper()
	if peer == "issuer" {
		d := e2e.NewDevice(t, "", fmt.Sprintf("[auth]\nissuer = %q\nclient_id = \"printer\"\nca_file = %q\n", url, ca))
		d.Start()
		must(t, d.Pair(t.Context()))
		return d
	}
	p := providertest.New(t, nil)
	p.Always(provider.Approve)
	d := newDevice(t, p, "", fmt.Sprintf("[mqtt]\nurl = %q\nca_file = %q\nspread = \"0s\"\n", strings.Replace(url, "https", peer, 1), ca))
	d.Start()
	d.Do("pair")
	return d
}
