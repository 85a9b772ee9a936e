package deviceauth

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"syscall"
	"testing"
)

// A network that wants a sign-in breaks TLS; its plain port tells what it is.
func provePortal(t *testing.T) {
	broken := &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}
	for _, tt := range []struct {
		name  string
		err   error
		plain wire
		kind  Kind
	}{
		{"a redirect to the portal", broken, says(302, "", "Location", "http://login.hotel.example/"), CaptivePortal},
		{"511", broken, says(511, ""), CaptivePortal},
		{"a portal by address", tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, says(307, "", "Location", "http://10.0.0.1/"), CaptivePortal},
		{"port 443 refused", syscall.ECONNREFUSED, says(302, "", "Location", "http://10.0.0.1/"), CaptivePortal},
		{"an own site", broken, says(301, "", "Location", "https://www.as.example/"), TLS},
		{"the same host", broken, says(301, "", "Location", "https://as.example/"), TLS},
		{"a page", broken, says(200, "<html>nginx</html>"), TLS},
		{"nobody there", broken, wire{err: syscall.ECONNREFUSED}, TLS},
		{"a host name that is not in it", x509.HostnameError{Certificate: &x509.Certificate{}, Host: "as.example"}, says(404, ""), TLS},
		{"an alert", errors.New("remote error: tls: handshake failure"), says(404, ""), TLS},
		{"offline", errors.New("dial tcp: network is unreachable"), says(302, "", "Location", "http://10.0.0.1/"), NoNetwork},
		{"refused", syscall.ECONNREFUSED, wire{err: syscall.ECONNREFUSED}, NoNetwork},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t).on(tokenURL, wire{err: tt.err}).on("http://as.example/", tt.plain)
			_, err := s.client().Refresh(t.Context(), grant())
			e := wantKind(t, err, tt.kind)
			if (tt.kind == CaptivePortal) != strings.Contains(e.Detail, "this network wants a sign-in") {
				t.Errorf("says %q", e.Detail)
			}
			for _, plain := range s.to("http://as.example/") {
				if plain.method != "GET" || plain.raw != "" || len(plain.header) != 1 {
					t.Errorf("told the network %+v", plain)
				}
			}
		})
	}
	// Loopback has no network around it.
	s := newServer(t).on("http://127.0.0.1:9/token", wire{err: syscall.ECONNREFUSED})
	g := grant()
	g.Issuer, g.TokenEndpoint = "", "http://127.0.0.1:9/token"
	_, err := s.client(func(c *Config) {
		c.Issuer, c.DeviceAuthorizationEndpoint, c.TokenEndpoint = "", "http://127.0.0.1:9/device", g.TokenEndpoint
	}).Refresh(t.Context(), g)
	if wantKind(t, err, NoNetwork); len(s.calls) != 1 {
		t.Errorf("%d requests", len(s.calls))
	}
}
