//go:build real

package brokers

import (
	"fmt"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
)

// broker is one that runs, of whatever make.
type broker struct {
	url    string // of MQTT
	port   int
	door   []string                                   // options of mosquitto_sub to get in as the watcher
	admit  func(device, token string) error           // makes the token the one that is good
	issuer *issuer                                    // whose tokens it takes
	again  time.Duration                              // after which it sends what a subscriber did not acknowledge; 0: never
	scopes func(device string) (permissions []string) // of a device's token
}

func newBroker(i *issuer, port int, door ...string) *broker {
	return &broker{
		url: fmt.Sprintf("mqtt://127.0.0.1:%d", port), port: port, door: door, issuer: i,
		admit:  func(string, string) error { return nil },
		scopes: func(string) []string { return nil },
	}
}

// mosquitto is Debian's. It cannot verify a JWT, so the newest is made its user's password.
type mosquitto struct {
	*broker
	config, passwords string
	process           *e2e.Process
	admitted          map[string]bool // devices
}

const watcherPassword = "the watcher's own"

func startMosquitto(t *testing.T) *mosquitto {
	t.Helper()
	dir, port := t.TempDir(), e2e.FreePort(t)
	m := &mosquitto{broker: newBroker(newIssuer(t), port, "-u", "watcher", "-P", watcherPassword), admitted: map[string]bool{}}
	m.passwords = e2e.Secret(t, "passwords", "")
	acl := e2e.Secret(t, "acl", "user watcher\ntopic readwrite #\npattern write paird/%u/n\npattern write paird/%u/status\n"+
		"pattern write paird/%u/event\npattern write paird/%u/about\npattern write paird/%u/telemetry\npattern write homeassistant/device/%u/config\n"+
		"pattern read paird/%u/in/#\npattern read paird/%u/cmd\n")
	// "user root" means: the user that runs the test, who can read these files
	m.config = e2e.Secret(t, "mosquitto.conf", fmt.Sprintf("user root\nallow_anonymous false\npassword_file %s\nacl_file %s\n"+
		"log_dest stderr\nlog_type information\nlog_type notice\nlog_type warning\nlog_type error\npersistence true\npersistence_location %s/\nmax_queued_messages 0\nlistener %d 127.0.0.1\n",
		m.passwords, acl, dir, port))
	if err := m.password("watcher", watcherPassword); err != nil {
		t.Fatal(err)
	}
	m.broker.admit = m.admit
	m.start(t)
	return m
}

func (m *mosquitto) start(t *testing.T) {
	t.Helper()
	m.process = e2e.Start(t, nil, "mosquitto", "-c", m.config)
	m.process.AwaitText(t, " running")
}

// admit has mosquitto read its passwords again. That closes sessions that came with another, so it first waits until
// mosquitto knows that the device has left.
func (m *mosquitto) admit(device, token string) error {
	if m.admitted[device] {
		if err := m.process.Expect("Client " + device + " "); err != nil {
			return err
		}
	}
	m.admitted[device] = true
	if err := m.password(device, token); err != nil {
		return err
	}
	if err := m.process.Cmd.Process.Signal(syscall.SIGHUP); err != nil {
		return err
	}
	return m.process.Expect("Reloading config")
}

func (m *mosquitto) password(user, password string) error {
	if out, err := exec.Command("mosquitto_passwd", "-b", m.passwords, user, password).CombinedOutput(); err != nil {
		return fmt.Errorf("mosquitto_passwd: %v %s: run scripts/setup-brokers.sh", err, out)
	}
	return nil
}

func TestMosquitto(t *testing.T) {
	t.Parallel()
	t.Run("plain", func(t *testing.T) {
		t.Parallel()
		deliver(t, startMosquitto(t).broker)
	})
	t.Run("rotation", func(t *testing.T) {
		t.Parallel()
		rotate(t, startMosquitto(t).broker, time.Second, 12*time.Second)
	})
	t.Run("down 30 s", func(t *testing.T) {
		t.Parallel()
		m := startMosquitto(t)
		outage(t, m.broker, m.url, 30*time.Second, func() { m.process.Stop(t) }, func() { m.start(t) })
	})
	t.Run("bad token", func(t *testing.T) {
		t.Parallel()
		refuses(t, startMosquitto(t).broker)
	})
	t.Run("forbidden topic", func(t *testing.T) {
		t.Parallel()
		forbids(t, startMosquitto(t).broker, 0)
	})
	t.Run("Home Assistant", func(t *testing.T) {
		t.Parallel()
		discovered(t, startMosquitto(t).broker)
	})
}
