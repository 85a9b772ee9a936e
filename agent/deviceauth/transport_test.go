package deviceauth

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/paird/paird/agent/internal/certtest"
)

// tlsServer answers refreshes over TLS with a certificate of its own.
func tlsServer(t *testing.T, versions ...uint16) (url string, ca []byte) {
	t.Helper()
	cert := certtest.NewAuthority(t, certtest.Server("127.0.0.1"))
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, tokenJSON) }))
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{cert.TLS()}}
	for _, v := range versions {
		srv.TLS.MinVersion, srv.TLS.MaxVersion = v, v
	}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv.URL, cert.PEM()
}

// refreshAt refreshes a grant of the server at url.
func refreshAt(t *testing.T, url string, rt http.RoundTripper) error {
	t.Helper()
	c, err := New(Config{DeviceAuthorizationEndpoint: url + "/device", TokenEndpoint: url + "/token", ClientID: "printer", HTTP: rt})
	if err != nil {
		t.Fatal(err)
	}
	g := grant()
	g.Issuer, g.TokenEndpoint = "", url+"/token"
	_, err = c.Refresh(t.Context(), g)
	return err
}

func TestTransportTrustsItsFileAsItIsNow(t *testing.T) {
	first, firstCA := tlsServer(t)
	second, secondCA := tlsServer(t)
	file := filepath.Join(t.TempDir(), "ca.pem")
	write := func(b []byte) {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(firstCA)
	rt := NewTransport(file)
	if err := refreshAt(t, first, rt); err != nil {
		t.Fatal(err)
	}
	wantKind(t, refreshAt(t, second, rt), TLS)
	write(secondCA)
	if err := refreshAt(t, second, rt); err != nil {
		t.Fatal(err)
	}
	wantKind(t, refreshAt(t, first, rt), TLS)
	write([]byte("no certificate"))
	if e := wantKind(t, refreshAt(t, second, rt), Misconfigured); !strings.Contains(e.Detail, file) {
		t.Errorf("says %q", e.Detail)
	}
	write(secondCA)
	if err := refreshAt(t, second, rt); err != nil {
		t.Fatal(err)
	}
	wantKind(t, refreshAt(t, second, NewTransport("")), TLS)
	for _, bad := range []string{filepath.Join(t.TempDir(), "absent"), os.DevNull} {
		if e := wantKind(t, refreshAt(t, second, NewTransport(bad)), Misconfigured); !strings.Contains(e.Detail, "auth.ca_file "+bad) {
			t.Errorf("%s: says %q", bad, e.Detail)
		}
	}
}

func TestTransportWantsTLS12(t *testing.T) {
	for version, good := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		url, ca := tlsServer(t, version)
		file := filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(file, ca, 0o600); err != nil {
			t.Fatal(err)
		}
		err := refreshAt(t, url, NewTransport(file))
		if good != (err == nil) {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err != nil {
			wantKind(t, err, TLS)
		}
	}
}

// The transport reports whether a request went out.
func TestTransportSeparatesLostFromUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	done := make(chan struct{})
	go func() { // reads the request and hangs up
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		http.ReadRequest(bufio.NewReader(conn))
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}()
	wantKind(t, refreshAt(t, url, NewTransport("")), Lost)
	<-done
	l.Close()
	for _, scheme := range []string{"http://", "https://"} {
		e := wantKind(t, refreshAt(t, scheme+l.Addr().String(), NewTransport("")), Server)
		if !strings.Contains(e.Detail, "the server does not answer") {
			t.Errorf("says %q", e.Detail)
		}
	}
}

// Something that speaks no TLS at the TLS port.
func TestTransportMeetsPlainHTTP(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	wantKind(t, refreshAt(t, strings.Replace(srv.URL, "http:", "https:", 1), NewTransport("")), TLS)
}

// Answers that are cut, over a real connection.
func TestTransportMeetsACutAnswer(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, tokenJSON)
	}))
	defer srv.Close()
	wantKind(t, refreshAt(t, srv.URL, NewTransport("")), Lost)
}

// A captive portal breaks TLS; its plain port shows what it is.
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
		{"nothing there", broken, wire{err: syscall.ECONNREFUSED}, TLS},
		{"a host name that is not in it", x509.HostnameError{Certificate: &x509.Certificate{}, Host: "as.example"}, says(404, ""), TLS},
		{"an alert", errors.New("remote error: tls: handshake failure"), says(404, ""), TLS},
		{"offline", errors.New("dial tcp: network is unreachable"), says(302, "", "Location", "http://10.0.0.1/"), NoNetwork},
		{"refused", syscall.ECONNREFUSED, wire{err: syscall.ECONNREFUSED}, Server},
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
					t.Errorf("sent the network %+v", plain)
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
	if wantKind(t, err, Server); len(s.calls) != 1 {
		t.Errorf("%d requests", len(s.calls))
	}
}

// An address family without a route is no fault while another has one: what the other says counts.
func TestDialReportsTheFamilyWithARoute(t *testing.T) {
	op := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", err)}
	}
	none := &net.OpError{Op: "dial", Net: "tcp4", Err: &net.AddrError{Err: "no suitable address found", Addr: "as.example"}}
	up, down := net.Pipe()
	defer up.Close()
	defer down.Close()
	for name, tt := range map[string]struct {
		both, v4, v6 error // of tcp, tcp4, tcp6; nil: connected
		calls        string
		kind         Kind // "": connected
	}{
		"connected":                         {nil, nil, nil, "tcp", ""},
		"refused":                           {op(syscall.ECONNREFUSED), nil, nil, "tcp", Server},
		"no IPv6, IPv4 refused":             {op(syscall.ENETUNREACH), op(syscall.ECONNREFUSED), op(syscall.ENETUNREACH), "tcp tcp4", Server},
		"no IPv6, IPv4 back":                {op(syscall.ENETUNREACH), nil, nil, "tcp tcp4", ""},
		"no IPv6 address of ours":           {op(syscall.EADDRNOTAVAIL), op(syscall.ECONNREFUSED), nil, "tcp tcp4", Server},
		"IPv6 only, refused":                {op(syscall.EHOSTUNREACH), none, op(syscall.ECONNREFUSED), "tcp tcp4 tcp6", Server},
		"no IPv4, IPv6 refused":             {op(syscall.ENETUNREACH), op(syscall.ENETUNREACH), op(syscall.ECONNREFUSED), "tcp tcp4 tcp6", Server},
		"no network":                        {op(syscall.ENETUNREACH), op(syscall.ENETUNREACH), op(syscall.ENETUNREACH), "tcp tcp4 tcp6", NoNetwork},
		"no network, and only IPv6 in DNS":  {op(syscall.ENETUNREACH), none, op(syscall.ENETUNREACH), "tcp tcp4 tcp6", NoNetwork},
		"no name":                           {&net.DNSError{Err: "no such host", IsNotFound: true}, nil, nil, "tcp", NoNetwork},
		"IPv6 without route, IPv4 too slow": {op(syscall.ENETUNREACH), op(syscall.ETIMEDOUT), nil, "tcp tcp4", NoNetwork},
	} {
		var calls []string
		conn, err := dialer(func(_ context.Context, network, _ string) (net.Conn, error) {
			calls = append(calls, network)
			if err := map[string]error{"tcp": tt.both, "tcp4": tt.v4, "tcp6": tt.v6}[network]; err != nil {
				return nil, err
			}
			return up, nil
		}).dial(t.Context(), "tcp", "as.example:443")
		if got := strings.Join(calls, " "); got != tt.calls {
			t.Errorf("%s: dialled %s", name, got)
		}
		if (err == nil) != (tt.kind == "") || (conn == nil) != (err != nil) || err != nil && transportKind(err) != tt.kind {
			t.Errorf("%s: %v, %v", name, conn, err)
		}
	}
}
