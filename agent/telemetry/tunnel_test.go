package telemetry

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/agent/internal/brokertest"
	"github.com/paird/paird/agent/internal/certtest"
)

// proxy is an HTTP proxy that knows CONNECT; it tunnels everything to one port on loopback.
func proxy(t *testing.T, port string, status int) (at *url.URL, asked chan *http.Request) {
	t.Helper()
	asked = make(chan *http.Request, 10)
	own := listen(t, func(conn net.Conn) {
		defer conn.Close()
		in := bufio.NewReader(conn)
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		asked <- r
		fmt.Fprintf(conn, "HTTP/1.1 %d x\r\n\r\n", status)
		far, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err != nil || status != 200 {
			return
		}
		go func() { io.Copy(far, in); far.Close() }()
		io.Copy(conn, far)
	})
	return &url.URL{Scheme: "http", Host: "127.0.0.1:" + own, User: url.UserPassword("u", "p")}, asked
}

func TestProxy(t *testing.T) {
	ca := certtest.NewAuthority(t)
	caFile, _ := ca.Files(t)
	broker := brokertest.New()
	port := listen(t, func(conn net.Conn) {
		broker.Accept(tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{serverCertificate(t, ca, "broker.example")}}))
	})
	at, asked := proxy(t, port, 200)
	b := wired(t, func(o *Options) { o.URL, o.CAFile = "mqtts://broker.example", caFile })
	b.proxy = func(*http.Request) (*url.URL, error) { return at, nil }
	b.exchange(t)
	r := <-asked
	if r.Method != "CONNECT" || r.Host != "broker.example:8883" || r.Header.Get("Proxy-Authorization") != "Basic dTpw" {
		t.Errorf("the proxy was asked %s %s, %v", r.Method, r.Host, r.Header)
	}
	at, _ = proxy(t, port, 407)
	b.proxy = func(*http.Request) (*url.URL, error) { return at, nil }
	if e := failure(t, b.Serve(t.Context(), token, func() {})); e.Kind != Broker || !strings.Contains(e.Detail, "answered 407") {
		t.Error(e)
	}
	b.proxy = func(*http.Request) (*url.URL, error) { return &url.URL{Scheme: "socks5", Host: "127.0.0.1:1"}, nil }
	if e := failure(t, b.Serve(t.Context(), token, func() {})); e.Kind != Misconfigured || !strings.Contains(e.Detail, "socks5") {
		t.Error(e)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	mute := listen(t, func(conn net.Conn) { <-t.Context().Done(); conn.Close() })
	b.proxy = func(*http.Request) (*url.URL, error) { return &url.URL{Scheme: "http", Host: "127.0.0.1:" + mute}, nil }
	if err := b.Serve(ctx, token, func() {}); err != context.DeadlineExceeded {
		t.Errorf("a proxy that says nothing: %v", err)
	}
}

// TestProxyOfTheEnvironment asks a process of its own, as the standard library reads the environment
// once.
func TestProxyOfTheEnvironment(t *testing.T) {
	if os.Getenv("HTTPS_PROXY") == "http://p.example:3128" {
		proxy, err := environment(&http.Request{URL: &url.URL{Scheme: "https", Host: "b.example:8883"}})
		fmt.Printf("\nproxy=%v,%v\n", proxy, err)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProxyOfTheEnvironment$")
	cmd.Env = []string{"HTTPS_PROXY=http://p.example:3128"}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "\nproxy=http://p.example:3128,<nil>\n") {
		t.Errorf("%s, %v", out, err)
	}
}

func TestAllProxy(t *testing.T) {
	for _, c := range []struct{ host, env, want string }{
		{"b.example", "", "<nil>"},
		{"b.example", "ALL_PROXY=http://p.example:3128", "http://p.example:3128"},
		{"b.example", "all_proxy=http://p.example", "http://p.example"},
		{"b.example", "ALL_PROXY=http://p.example https_proxy=http://other", "<nil>"},
		{"b.example", "ALL_PROXY=http://p.example NO_PROXY=.example", "<nil>"},
		{"127.0.0.1", "ALL_PROXY=http://p.example", "<nil>"},
		{"localhost", "ALL_PROXY=http://p.example", "<nil>"},
	} {
		getenv := func(name string) string {
			for pair := range strings.FieldsSeq(c.env) {
				if v, ok := strings.CutPrefix(pair, name+"="); ok {
					return v
				}
			}
			return ""
		}
		if got, err := allProxy(getenv, c.host); err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%s with %q: %v, %v, want %s", c.host, c.env, got, err, c.want)
		}
	}
}
