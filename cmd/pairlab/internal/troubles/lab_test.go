package troubles

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/internal/provider/providertest"
	"github.com/paird/paird/cmd/pairlab/internal/broker"
)

// approved is what a device asks for that is to be paired, and may use the broker.
const approved = `scopes = ["openid", "profile", "offline_access", "telemetry"]
params = { device_name = "{device_name}", device_id = "{device_id}" }
start = "auto"`

// lab is the authorization server, with something in front of it that may answer in its place.
type lab struct {
	*providertest.Server
	URL     string
	instead atomic.Pointer[http.HandlerFunc]
}

// newLab starts a server that approves each code at once.
func newLab(t *testing.T, lifetime time.Duration) *lab {
	t.Helper()
	l := &lab{}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if other := l.instead.Load(); other != nil {
			(*other)(w, r)
			return
		}
		l.Server.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	l.URL = front.URL
	l.Server = providertest.New(t, func(o *provider.Options) {
		o.Issuer, o.Audiences, o.AccessLifetime = front.URL, []string{"mqtt"}, lifetime
	})
	l.Always(provider.Approve)
	return l
}

// answers makes the server answer all requests, or those below path, with that.
func (l *lab) answers(path string, status int, header, body string) *lab {
	var answer http.HandlerFunc = func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, path) {
			l.Server.ServeHTTP(w, r)
			return
		}
		name, value, _ := strings.Cut(header, ": ")
		w.Header().Set(name, value)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
	l.instead.Store(&answer)
	return l
}

// broker starts the lab's broker.
func (l *lab) broker(t *testing.T) *broker.Broker {
	t.Helper()
	b := e2e.Must(broker.Start(broker.Options{
		Issuer: l.URL, Audience: "mqtt", Scope: "telemetry", Keys: l.Keys(), Root: "paird", Message: func(broker.Message) {},
	}))(t)
	t.Cleanup(func() { b.Close() })
	return b
}

// closedPort is an address of loopback that refuses connections.
func closedPort(t *testing.T) string {
	t.Helper()
	l := e2e.Must(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer l.Close()
	return l.Addr().String()
}

// secured is a server with a certificate that signs itself and is for 127.0.0.1, but for what change says.
func secured(t *testing.T, change func(*x509.Certificate)) (url, caFile string) {
	t.Helper()
	ca := e2e.NewAuthority(t, change)
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{ca.Self()}}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv.URL, ca.File
}

// unchanged is a certificate without a fault.
func unchanged(*x509.Certificate) {}
