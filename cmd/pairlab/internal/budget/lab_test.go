//go:build real

package budget

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/pairlab/internal/broker"
)

const root = "../../../.."

func TestMain(m *testing.M) {
	if url := os.Getenv(floorBroker); url != "" {
		runFloor(url)
		return
	}
	os.Exit(e2e.Main(m, e2e.Build{Name: "paird", Into: release}))
}

// release builds paird as it is shipped for this machine.
func release(file string) error {
	built := "build/paird-" + runtime.GOARCH
	if err := e2e.Command(root, "make", "-s", built); err != nil {
		return err
	}
	return e2e.Command(root, "cp", built, file)
}

var scopes = []string{"openid", "profile", "offline_access", "telemetry"}

// lab is a provider and a broker, both behind TLS.
type lab struct {
	*testing.T
	ca       *e2e.Authority
	provider *provider.Provider
	issuer   string
	url      string         // of the broker
	codes    chan time.Time // when a code was given

	mu      sync.Mutex
	handler http.Handler
	paired  map[string]time.Time // when a device got its tokens
	sent    map[string]time.Time // when its first message came
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{T: t, ca: e2e.NewAuthority(t), codes: make(chan time.Time, 100), paired: map[string]time.Time{}, sent: map[string]time.Time{}}
	srv := httptest.NewUnstartedServer(l)
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{l.ca.Issue(t).Pair}}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	l.issuer = srv.URL
	p := e2e.Must(provider.New(provider.Options{
		Issuer: srv.URL, Audiences: []string{"mqtt"},
		Clients:        []provider.Client{{ID: "printer", Name: "Example Printers", Scopes: scopes}},
		Users:          []provider.User{{Subject: "user-1", Username: "alice", Password: "alice", Name: "Alice"}},
		AccessLifetime: time.Hour, Interval: time.Second, Observe: l.happened,
	}))(t)
	l.mu.Lock()
	l.provider, l.handler = p, p
	l.mu.Unlock()
	b := e2e.Must(broker.Start(broker.Options{
		Issuer: srv.URL, Audience: "mqtt", Scope: "telemetry", Keys: p.Keys(), Root: "paird", Message: l.came,
	}))(t)
	t.Cleanup(func() { b.Close() })
	l.url = l.door(b.URL())
	return l
}

func (l *lab) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	h := l.handler
	l.mu.Unlock()
	h.ServeHTTP(w, r)
}

func (l *lab) happened(e provider.Event) {
	switch e.Kind {
	case provider.CodeIssued:
		l.codes <- time.Now()
	case provider.Tokens:
		first(l, l.paired, e.Device)
	}
}

// came notes a device's first message.
func (l *lab) came(m broker.Message) { first(l, l.sent, strings.Split(m.Topic, "/")[1]) }

// first notes when a device did something for the first time.
func first(l *lab, at map[string]time.Time, device string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if at[device].IsZero() {
		at[device] = time.Now()
	}
}

// published is from when a device's tokens were given until its first message came.
func (l *lab) published(device string) (d time.Duration) {
	l.Helper()
	e2e.Eventually(l, "a message of "+device, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		d = l.sent[device].Sub(l.paired[device])
		return !l.sent[device].IsZero()
	})
	return d
}

// door ends TLS in front of the broker.
func (l *lab) door(plain string) string {
	l.Helper()
	door := e2e.Must(tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{l.ca.Issue(l).Pair}}))(l)
	l.Cleanup(func() { door.Close() })
	e2e.Accept(door, func(in net.Conn) { through(in, strings.TrimPrefix(plain, "mqtt://")) })
	return "mqtts://" + door.Addr().String()
}

// through carries a connection until one end closes it.
func through(in net.Conn, address string) {
	defer in.Close()
	out, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	go func() { _, _ = io.Copy(out, in); out.Close() }()
	_, _ = io.Copy(in, out)
}

// device configures a device with that panel; a png panel is the file panel.png.
func (l *lab) device(panel, start string) (d *e2e.Device, frame string) {
	l.Helper()
	frame = filepath.Join(l.memory(), "panel.png")
	screen := fmt.Sprintf("[display]\npanel = %q\n", panel)
	if panel == "png" {
		screen += fmt.Sprintf("size = \"128x64\"\n[png]\nfile = %q\n", frame)
	}
	auth := fmt.Sprintf("[auth]\nissuer = %q\nclient_id = \"printer\"\nca_file = %q\nstart = %q\nscopes = [\"%s\"]\n"+
		"params = { device_id = \"{device_id}\" }\n", l.issuer, l.ca.File, start, strings.Join(scopes, `", "`))
	mqtt := fmt.Sprintf("[mqtt]\nurl = %q\nca_file = %q\n", l.url, l.ca.File)
	return e2e.NewDevice(l, "", auth, mqtt, screen), frame
}

// memory is a folder in memory, as /run is: on a disk the system takes longer to make the file of a frame than paird to draw it.
func (l *lab) memory() string {
	l.Helper()
	dir := e2e.Must(os.MkdirTemp("/dev/shm", "paird-budget-"))(l)
	l.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// approve says yes to the code that waits.
func (l *lab) approve() {
	l.Helper()
	<-l.codes
	codes := l.provider.Pending()
	if len(codes) != 1 {
		l.Fatalf("%d codes wait", len(codes))
	}
	if err := l.provider.Decide(codes[0].UserCode, "alice", provider.Approve); err != nil {
		l.Fatal(err)
	}
}

// budget prints a figure for scripts/budget.sh.
func budget(t *testing.T, name string, value float64) {
	t.Helper()
	t.Logf("budget: %s %.3f", name, value)
}
