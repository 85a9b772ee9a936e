package deviceauth

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
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
	"testing"
	"time"
)

// selfSigned is a certificate for 127.0.0.1 and its PEM form.
func selfSigned(t *testing.T) (tls.Certificate, []byte) {
	t.Helper()
	key := testKey()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public().(*ecdsa.PublicKey), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// tlsServer answers refreshes over TLS with a certificate of its own.
func tlsServer(t *testing.T, versions ...uint16) (url string, ca []byte) {
	t.Helper()
	cert, ca := selfSigned(t)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, tokenJSON) }))
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	for _, v := range versions {
		srv.TLS.MinVersion, srv.TLS.MaxVersion = v, v
	}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv.URL, ca
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

func transport(t *testing.T, caFile string) http.RoundTripper {
	t.Helper()
	rt, err := NewTransport(caFile)
	if err != nil {
		t.Fatal(err)
	}
	return rt
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
	rt := transport(t, file)
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
	wantKind(t, refreshAt(t, second, transport(t, "")), TLS)
	for _, bad := range []string{filepath.Join(t.TempDir(), "absent"), os.DevNull} {
		if _, err := NewTransport(bad); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("%s: %v", bad, err)
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
		err := refreshAt(t, url, transport(t, file))
		if good != (err == nil) {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err != nil {
			wantKind(t, err, TLS)
		}
	}
}

// The transport itself tells whether a request went out.
func TestTransportTellsLostFromUnreachable(t *testing.T) {
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
	wantKind(t, refreshAt(t, url, transport(t, "")), Lost)
	<-done
	l.Close()
	wantKind(t, refreshAt(t, url, transport(t, "")), NoNetwork)
	wantKind(t, refreshAt(t, "https://"+l.Addr().String(), transport(t, "")), NoNetwork)
}

// Something that speaks no TLS at the TLS port.
func TestTransportMeetsPlainHTTP(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	wantKind(t, refreshAt(t, strings.Replace(srv.URL, "http:", "https:", 1), transport(t, "")), TLS)
}

// Answers that are cut, over a real connection.
func TestTransportMeetsACutAnswer(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, tokenJSON)
	}))
	defer srv.Close()
	wantKind(t, refreshAt(t, srv.URL, transport(t, "")), Lost)
}
