//go:build real

package booted

import (
	"encoding/base64"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/paird/paird/cmd/internal/e2e"
)

// arrivals is a broker that takes everything, and what came.
type arrivals struct {
	mqtt.HookBase
	mu       sync.Mutex
	messages []string // topic and payload
}

func (*arrivals) ID() string { return "arrivals" }

func (*arrivals) Provides(hook byte) bool {
	return slices.Contains([]byte{mqtt.OnConnectAuthenticate, mqtt.OnACLCheck, mqtt.OnPublished}, hook)
}

func (*arrivals) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }
func (*arrivals) OnACLCheck(*mqtt.Client, string, bool) bool              { return true }

func (a *arrivals) OnPublished(_ *mqtt.Client, p packets.Packet) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.messages = append(a.messages, p.TopicName+" "+string(p.Payload))
}

// below are the messages on topics with that beginning, each once, in the order in which they came.
func (a *arrivals) below(topic string) (all []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, m := range a.messages {
		if strings.HasPrefix(m, topic) && !slices.Contains(all, m) {
			all = append(all, m)
		}
	}
	return all
}

// startBroker starts a broker on loopback, and returns its address.
func startBroker(t *testing.T) (*arrivals, string) {
	t.Helper()
	a := &arrivals{}
	ln := e2e.Must(net.Listen("tcp", "127.0.0.1:0"))(t)
	srv := mqtt.New(&mqtt.Options{Logger: slog.New(slog.DiscardHandler)})
	for _, step := range []func() error{
		func() error { return srv.AddHook(a, nil) },
		func() error { return srv.AddListener(listeners.NewNet("mqtt", ln)) },
		srv.Serve,
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { srv.Close() })
	return a, ln.Addr().String()
}

// testdata/installed-2660406.tar.gz is what `make install` of commit 2660406 and that program left, without the program: the unit,
// the user, a configuration, the grant of alice at a server of the lab on port 18628, whose access token is good until 2046,
// and three messages in the former queue. They were published before the clock was set, so that they have no age.
const former = "testdata/installed-2660406.tar.gz"

// The package is installed over an older paird without a package: configuration, grant and queue are kept, the messages reach
// the broker once and in order, and the former queue's files are gone.
func TestUpgradeFromFormer(t *testing.T) {
	t.Parallel()
	m := Boot(t, root)
	broker, address := startBroker(t)
	m.Put(former, "/root/former.tar.gz", 0o600)
	m.Do("tar", "--extract", "--gzip", "--file=/root/former.tar.gz", "--directory=/", "--no-same-owner", "--no-overwrite-dir", "--keep-directory-symlink")
	m.Do("systemd-sysusers", "paird.conf")
	m.Do("chown", "--recursive", "paird:paird", "/var/lib/paird")
	m.Do("chmod", "0700", "/var/lib/paird")
	m.Do("sed", "--in-place", "s/127.0.0.1:9\"/"+address+"\"/", "/etc/paird/paird.toml")
	m.Do("chown", "root:paird", "/etc/paird/paird.toml")
	m.Do("chmod", "0640", "/etc/paird/paird.toml")
	own := m.Do("cat", "/etc/paird/paird.toml")
	m.Put(e2e.Program(deb), "/root/paird.deb", 0o644)
	m.Do("sh", "-c", "echo | dpkg -i /root/paird.deb") // it asks about paird.toml; the answer is the default: keep it

	if got := m.Do("cat", "/etc/paird/paird.toml"); got != own {
		t.Errorf("the configuration is now\n%s", got)
	}
	if got := m.is("ActiveState") + " " + m.is("UnitFileState"); got != "active enabled" {
		t.Errorf("the unit is %s", got)
	}
	if s := m.status("root"); !e2e.Paired(s) || s.Grant.Name != "Alice" || s.Version != "v0.1.0" {
		t.Errorf("the status is %+v", s)
	}
	claims := strings.Split(m.Do("paird", "token")+"..", ".")[1]
	if text := e2e.Must(base64.RawURLEncoding.DecodeString(claims))(t); !strings.Contains(string(text), `"sub":"alice-1"`) || !strings.Contains(string(text), `"iat":1795310934`) {
		t.Errorf("not the token of the former grant: %s", text)
	}
	want := []string{"paird/dev1/print/1 page 1", "paird/dev1/print/2 page 2", "paird/dev1/print/3 page 3"}
	e2e.Eventually(t, "the former queue's messages arrive", func() bool { return len(broker.below("paird/dev1/print/")) == len(want) })
	if got := broker.below("paird/dev1/print/"); !slices.Equal(got, want) {
		t.Errorf("arrived %q", got)
	}
	if got := m.Do("sh", "-c", "ls /var/lib/paird"); strings.Contains(got, "queue.db") || strings.Contains(got, "queue.log") {
		t.Errorf("the former queue is still there: %s", got)
	}
}
