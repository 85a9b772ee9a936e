//go:build real

package board

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/pairlab/internal/broker"
)

// gateway is the host's loopback as the board sees it.
const gateway = "10.0.2.2"

// onGateway is the same port seen from the board.
func onGateway(address net.Addr) string {
	_, port, _ := net.SplitHostPort(address.String()) // it is a listener's
	return net.JoinHostPort(gateway, port)
}

var scopes = []string{"openid", "profile", "offline_access", "telemetry"}

// lab is a provider and a broker, both behind TLS, and a time server, for a board.
type lab struct {
	*provider.Provider
	ca              *e2e.Authority
	issuer, mqtt    string // as the board sees them
	time            string // address of the time server
	mu              sync.Mutex
	secrets         []string
	messages        []broker.Message
	away            bool // no connection gets through to the broker
	open            map[net.Conn]bool
	beforeRefreshed func()
}

func newLab(t testing.TB) *lab {
	t.Helper()
	l := &lab{ca: e2e.NewAuthority(t), open: map[net.Conn]bool{}}
	seen := func(c *x509.Certificate) { c.IPAddresses = append(c.IPAddresses, net.ParseIP(gateway)) }
	config := &tls.Config{Certificates: []tls.Certificate{l.ca.Issue(t, seen).Pair}}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(l.serve))
	srv.TLS = config
	l.issuer = "https://" + onGateway(srv.Listener.Addr())
	l.Provider = e2e.Must(provider.New(provider.Options{
		Issuer: l.issuer, Audiences: []string{"mqtt"},
		Clients:        []provider.Client{{ID: "printer", Name: "Example Printers", Scopes: scopes}},
		Users:          []provider.User{{Subject: "user-1", Username: "alice", Password: "alice", Name: "Alice"}},
		AccessLifetime: time.Hour, Interval: time.Second, Rotation: provider.Rotation{Grace: time.Hour},
	}))(t)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	b := e2e.Must(broker.Start(broker.Options{
		Issuer: l.issuer, Audience: "mqtt", Scope: "telemetry", Keys: l.Keys(), Root: "paird", Message: l.message,
	}))(t)
	t.Cleanup(func() { b.Close() })
	l.door(t, config, strings.TrimPrefix(b.URL(), "mqtt://"))
	l.serveTime(t)
	return l
}

// serve answers as the provider does, and keeps what it gives away for a search.
func (l *lab) serve(w http.ResponseWriter, r *http.Request) {
	rec := httptest.NewRecorder()
	l.ServeHTTP(rec, r)
	var fields map[string]any
	if json.Unmarshal(rec.Body.Bytes(), &fields) == nil {
		l.keep(fields)
	}
	if hook := l.hook(); hook != nil && r.Form.Get("grant_type") == "refresh_token" {
		hook()
	}
	maps.Copy(w.Header(), rec.Header())
	w.WriteHeader(rec.Code)
	_, _ = io.Copy(w, bytes.NewReader(rec.Body.Bytes())) // the board may be gone
}

func (l *lab) hook() func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.beforeRefreshed
}

// onRefresh calls f when a refresh was done but is not answered yet.
func (l *lab) onRefresh(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.beforeRefreshed = f
}

func (l *lab) keep(fields map[string]any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range []string{"device_code", "access_token", "refresh_token", "id_token"} {
		if v, ok := fields[name].(string); ok {
			l.secrets = append(l.secrets, v)
		}
	}
}

// given is every code and token that the provider gave away.
func (l *lab) given() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.secrets
}

func (l *lab) message(m broker.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.messages = append(l.messages, m)
}

// came are the messages so far.
func (l *lab) came() []broker.Message {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.messages[:len(l.messages):len(l.messages)]
}

// door ends TLS in front of the broker.
func (l *lab) door(t testing.TB, config *tls.Config, to string) {
	door := e2e.Must(tls.Listen("tcp", "127.0.0.1:0", config))(t)
	t.Cleanup(func() { door.Close() })
	l.mqtt = "mqtts://" + onGateway(door.Addr())
	go func() {
		for {
			in, err := door.Accept()
			if err != nil {
				return
			}
			go l.through(in, to)
		}
	}()
}

// through carries a connection until one end closes it.
func (l *lab) through(in net.Conn, to string) {
	defer in.Close()
	if !l.enter(in) {
		return
	}
	out, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	go func() { _, _ = io.Copy(out, in); out.Close() }()
	_, _ = io.Copy(in, out)
}

func (l *lab) enter(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[c] = true
	return !l.away
}

// outage takes the broker off the network, or brings it back.
func (l *lab) outage(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away = on
	for c := range l.open {
		c.Close()
	}
	clear(l.open)
}

// since1900 is the Unix epoch in seconds of NTP.
const since1900 = 2208988800

// serveTime answers as a time server (RFC 4330 section 5): mode 4, stratum 1, the transmit timestamp in whole seconds.
func (l *lab) serveTime(t testing.TB) {
	c := e2e.Must(net.ListenPacket("udp", "127.0.0.1:0"))(t)
	t.Cleanup(func() { c.Close() })
	l.time = onGateway(c.LocalAddr())
	go func() {
		for b := make([]byte, 48); ; {
			_, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			b[0], b[1] = 4<<3|4, 1
			binary.BigEndian.PutUint32(b[40:], uint32(time.Now().Unix()+since1900))
			_, _ = c.WriteTo(b, from)
		}
	}()
}

// approve says yes to the code that waits, as alice.
func (l *lab) approve(userCode string) error { return l.Decide(userCode, "alice", provider.Approve) }

// waiting is the one code that waits.
func (l *lab) waiting() (provider.Pending, error) {
	all := l.Pending()
	if len(all) == 0 {
		return provider.Pending{}, fmt.Errorf("no code waits")
	}
	return all[len(all)-1], nil
}
