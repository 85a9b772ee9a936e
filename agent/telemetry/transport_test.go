package telemetry

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/paird/paird/agent/internal/brokertest"
	"github.com/paird/paird/agent/internal/certtest"
)

// listen serves each connection to a port on loopback.
func listen(t *testing.T, handle func(net.Conn)) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go handle(conn)
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}

// wired is a bench over real sockets.
func wired(t *testing.T, change func(*Options)) *bench {
	t.Helper()
	return newBench(t, func(o *Options) {
		o.Dial = nil
		change(o)
	})
}

// exchange runs a session that sends one record, and ends it.
func (b *bench) exchange(t *testing.T) {
	t.Helper()
	b.queue.Put("n", []byte("hello"))
	s := b.serve(t, token)
	select {
	case <-s.online:
	case err := <-s.result:
		t.Fatal(err)
	}
	for b.queue.waiting() > 0 {
		select {
		case err := <-s.result:
			t.Fatal(err)
		case <-time.After(time.Millisecond):
		}
	}
	s.stop(ErrSwap)
}

func TestPlainTCP(t *testing.T) {
	broker := brokertest.New()
	port := listen(t, broker.Accept)
	b := wired(t, func(o *Options) { o.URL = "mqtt://127.0.0.1:" + port })
	for range 20 {
		b.exchange(t)
	}
	if byes, wills := broker.Ends(); byes != 20 || wills != 0 {
		t.Errorf("%d DISCONNECTs arrived, %d wills, of 20 swaps", byes, wills)
	}
}

func TestAddresses(t *testing.T) {
	for url, want := range map[string]string{
		"mqtt://localhost": "localhost:1883", "mqtts://b.example": "b.example:8883", "mqtts://b.example:443": "b.example:443",
		"mqtt://[::1]": "[::1]:1883", "wss://b.example/mqtt": "b.example:443", "ws://127.0.0.1:9001": "127.0.0.1:9001",
	} {
		b := wired(t, func(o *Options) { o.URL = url })
		asked := ""
		b.o.Dial = func(_ context.Context, network, addr string) (net.Conn, error) {
			asked = network + " " + addr
			return nil, &net.OpError{Op: "dial", Err: syscall.EHOSTUNREACH}
		}
		if e := failure(t, b.Serve(t.Context(), token, func() {})); asked != "tcp "+want || e.Kind != Broker || !strings.Contains(e.Detail, "no route") {
			t.Errorf("%s dialled %q: %v", url, asked, e)
		}
	}
}

func serverCertificate(t *testing.T, ca *certtest.Certificate, name string, edits ...certtest.Edit) tls.Certificate {
	t.Helper()
	return certtest.Issue(t, ca, certtest.NewKey(t), append([]certtest.Edit{certtest.Server(name)}, edits...)...).TLS()
}

func TestTLS(t *testing.T) {
	ca := certtest.NewAuthority(t)
	caFile, _ := ca.Files(t)
	broker := brokertest.New()
	server := &tls.Config{Certificates: []tls.Certificate{serverCertificate(t, ca, "127.0.0.1")}, ClientCAs: ca.Pool(), ClientAuth: tls.VerifyClientCertIfGiven, NextProtos: []string{"mqtt"}}
	seen := make(chan tls.ConnectionState, 10)
	port := listen(t, func(conn net.Conn) {
		secure := tls.Server(conn, server)
		if secure.Handshake() == nil {
			seen <- secure.ConnectionState()
			broker.Accept(secure)
		}
	})
	b := wired(t, func(o *Options) {
		o.URL, o.CAFile, o.ALPN = "mqtts://127.0.0.1:"+port, caFile, []string{"mqtt"}
		o.CertFile, o.KeyFile = certtest.Issue(t, ca, certtest.NewKey(t), certtest.Server("dev1")).Files(t)
	})
	b.exchange(t)
	if state := <-seen; state.NegotiatedProtocol != "mqtt" || len(state.PeerCertificates) != 1 {
		t.Errorf("ALPN %q, %d client certificates", state.NegotiatedProtocol, len(state.PeerCertificates))
	}
	if byes, _ := broker.Ends(); byes != 1 {
		t.Error("DISCONNECT was lost")
	}

	if config, err := b.tlsConfig(); err != nil || !config.RootCAs.Equal(ca.Pool()) {
		t.Errorf("mqtt.ca_file is not all that is trusted: %v", err)
	}
	if err := b.Reach(t.Context()); err != nil {
		t.Error(err)
	}

	// The files are read for each connection: another authority is refused without a restart.
	other := certtest.NewAuthority(t)
	if err := os.WriteFile(caFile, other.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	if e := failure(t, b.Serve(t.Context(), token, func() {})); e.Kind != TLS || !strings.Contains(e.Detail, "unknown authority") {
		t.Error(e)
	}
	os.WriteFile(caFile, []byte("nonsense"), 0o600)
	if e := failure(t, b.Serve(t.Context(), token, func() {})); e.Kind != TLS || !strings.Contains(e.Detail, "mqtt.ca_file") {
		t.Error(e)
	}
}

func TestTLSFailures(t *testing.T) {
	ca := certtest.NewAuthority(t)
	caFile, _ := ca.Files(t)
	serve := func(config *tls.Config) string {
		return listen(t, func(conn net.Conn) {
			defer conn.Close()
			secure := tls.Server(conn, config)
			if secure.Handshake() == nil {
				io.Copy(io.Discard, secure)
			}
		})
	}
	plain := listen(t, func(conn net.Conn) { fmt.Fprint(conn, "220 mail\r\n"); conn.Close() })
	late := serverCertificate(t, ca, "127.0.0.1", certtest.Valid(24*time.Hour, 48*time.Hour))
	for name, c := range map[string]struct{ port, want string }{
		"name":        {serve(&tls.Config{Certificates: []tls.Certificate{serverCertificate(t, ca, "b.example")}}), "any IP SANs): check the address"},
		"clock":       {serve(&tls.Config{Certificates: []tls.Certificate{late}}), "clock"},
		"certificate": {serve(&tls.Config{Certificates: []tls.Certificate{serverCertificate(t, ca, "127.0.0.1")}, ClientAuth: tls.RequireAnyClientCert}), "mqtt.cert_file"},
		"no TLS":      {plain, "does not speak TLS"},
		"alpn":        {serve(&tls.Config{Certificates: []tls.Certificate{serverCertificate(t, ca, "127.0.0.1")}, NextProtos: []string{"h2"}}), "mqtt.alpn"},
	} {
		b := wired(t, func(o *Options) { o.URL, o.CAFile, o.ALPN = "mqtts://127.0.0.1:"+c.port, caFile, []string{"mqtt"} })
		if e := failure(t, b.Serve(t.Context(), token, func() {})); e.Kind != TLS || !strings.Contains(e.Detail, c.want) {
			t.Errorf("%s: %s: %v", name, e.Kind, e)
		}
		if name == "certificate" {
			continue // TLS 1.3 says that only after the handshake
		}
		if e := failure(t, b.Reach(t.Context())); e.Kind != TLS || !strings.Contains(e.Detail, c.want) {
			t.Errorf("%s: Reach: %s: %v", name, e.Kind, e)
		}
	}
}

func TestWebSocket(t *testing.T) {
	broker := brokertest.New()
	headers := make(chan http.Header, 10)
	upgrader := websocket.Upgrader{Subprotocols: []string{"mqtt"}}
	server := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers <- r.Header
		if ws, err := upgrader.Upgrade(w, r, nil); err == nil {
			broker.Accept(&webConn{Conn: ws})
		}
	})
	port := serveHTTP(t, server)
	b := wired(t, func(o *Options) {
		o.URL, o.Preset, o.Headers = "ws://localhost:"+port+"/mqtt?x=y", "ws-bearer", map[string]string{"X-Device": "{device_id}"}
	})
	b.exchange(t)
	h := <-headers
	if h.Get("Authorization") != "Bearer tok" || h.Get("X-Device") != "dev1" || h.Get("Sec-WebSocket-Protocol") != "mqtt" {
		t.Errorf("headers were %v", h)
	}
	if byes, wills := broker.Ends(); byes != 1 || wills != 0 {
		t.Errorf("%d DISCONNECTs, %d wills", byes, wills)
	}
}

// A WebSocket has a limit of its own for a message: it must not end the session either.
func TestOversizedOverWebSocket(t *testing.T) {
	broker := brokertest.New()
	upgrader := websocket.Upgrader{Subprotocols: []string{"mqtt"}}
	port := serveHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ws, err := upgrader.Upgrade(w, r, nil); err == nil {
			broker.Accept(&webConn{Conn: ws})
		}
	}))
	broker.Publish(brokertest.Message{Topic: "paird/dev1/cmd", Payload: strings.Repeat("x", 256<<10), QoS: 1, Retain: true})
	b := wired(t, func(o *Options) { o.URL, o.Commands = "ws://localhost:"+port, []string{"identify"} })
	s := b.serve(t, token)
	for b.Oversized() == 0 {
		select {
		case err := <-s.result:
			t.Fatal(err)
		case <-time.After(time.Millisecond):
		}
	}
	s.stop(ErrSwap)
}

func TestWebSocketRefusals(t *testing.T) {
	for code, want := range map[int]Kind{401: BrokerAuth, 403: BrokerAuth, 429: Broker, 500: Broker, 503: Broker, 404: Misconfigured, 200: Misconfigured} {
		port := serveHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "17")
			w.WriteHeader(code)
		}))
		b := wired(t, func(o *Options) { o.URL = "ws://127.0.0.1:" + port })
		if e := failure(t, b.Serve(t.Context(), token, func() {})); e.Kind != want || e.RetryAfter != 17*time.Second || !strings.Contains(e.Detail, fmt.Sprint(code)) {
			t.Errorf("%d: %s, %v, retry after %v", code, e.Kind, e, e.RetryAfter)
		}
	}
}

func serveHTTP(t *testing.T, h http.Handler) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}
