//go:build real

package real

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/paird/paird/cmd/internal/e2e"
)

// broker is mosquitto, which checks every password itself, behind a door.
//
// mosquitto cannot verify an OAuth token without a plugin that Debian does not have. So the door, which
// ends the device's TLS, asks the authorization server about the password of each CONNECT (RFC 7662), and
// if the token is good makes it the password of that user in mosquitto's password file before the very bytes
// of the CONNECT go on, over TLS again. mosquitto then accepts exactly this token from exactly this user.
type broker struct {
	t          *testing.T
	url        string // of the door, mqtts://
	mosquitto  *e2e.Process
	port       int // of mosquitto's TLS listener
	plain      int // of the one for the watcher
	passwords  string
	provider   *provider
	mu         sync.Mutex
	admissions sync.Mutex // one at a time: mosquitto reads the file again for each
	connects   []connect
	away       bool // nothing gets through the door
	open       map[net.Conn]bool
}

// connect is one CONNECT that came to the door.
type connect struct {
	clientID, username, password string
	admitted                     bool
}

const watcherPassword = "the watcher's own"

func startBroker(t *testing.T, p *provider) *broker {
	t.Helper()
	b := &broker{t: t, provider: p, open: map[net.Conn]bool{}, port: e2e.FreePort(t), plain: e2e.FreePort(t)}
	cert := p.ca.Issue(t)
	b.passwords = e2e.Write(t, "passwords", "")
	b.password(t, "watcher", watcherPassword)
	// "user root" means: the user that runs the test, who can read these files
	conf := fmt.Sprintf("user root\nallow_anonymous false\npassword_file %s\nlog_dest stderr\nlog_type all\n"+
		"listener %d 127.0.0.1\ncafile %s\ncertfile %s\nkeyfile %s\nlistener %d 127.0.0.1\n",
		b.passwords, b.port, p.ca.File, cert.CertFile, cert.KeyFile, b.plain)
	b.mosquitto = e2e.Start(t, nil, "mosquitto", "-c", e2e.Write(t, "mosquitto.conf", conf))
	b.mosquitto.Await(t, "start of mosquitto", func(line string) bool { return strings.Contains(line, " running") })
	b.listen(t, p.ca)
	return b
}

// listen puts the door in front of mosquitto.
func (b *broker) listen(t *testing.T, ca *e2e.Authority) {
	l := e2e.Must(tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{ca.Issue(t).Pair}}))(t)
	b.url = "mqtts://" + l.Addr().String()
	e2e.Accept(l, func(device net.Conn) { b.guest(device, ca) })
	t.Cleanup(func() { l.Close() })
}

// guest reads the CONNECT, decides on it and lets the bytes through.
func (b *broker) guest(device net.Conn, ca *e2e.Authority) {
	defer device.Close()
	if !b.enter(device) {
		return
	}
	first, err := packets.ReadPacket(device)
	asked, ok := first.(*packets.ConnectPacket)
	if err != nil || !ok {
		return
	}
	c := connect{asked.ClientIdentifier, asked.Username, string(asked.Password), b.provider.active(string(asked.Password))}
	if c.admitted {
		c.admitted = b.admit(c) == nil
	}
	b.mu.Lock()
	b.connects = append(b.connects, c)
	b.mu.Unlock()
	if !c.admitted {
		refusal := packets.NewControlPacket(packets.Connack).(*packets.ConnackPacket)
		refusal.ReturnCode = packets.ErrRefusedNotAuthorised
		refusal.Write(device)
		return
	}
	upstream, err := tls.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", b.port), &tls.Config{RootCAs: ca.Pool()})
	if err != nil || asked.Write(upstream) != nil {
		return
	}
	go func() {
		io.Copy(upstream, device)
		upstream.Close()
	}()
	io.Copy(device, upstream)
}

// enter keeps a connection, unless the network is away.
func (b *broker) enter(device net.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open[device] = true
	return !b.away
}

// outage cuts the network between the device and the broker, or heals it.
func (b *broker) outage(on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away = on
	for conn := range b.open {
		if on {
			conn.Close()
		}
		delete(b.open, conn)
	}
}

// admit makes a token the password of its user and waits until mosquitto knows.
func (b *broker) admit(c connect) error {
	b.admissions.Lock()
	defer b.admissions.Unlock()
	before := b.mosquitto.Count("Reloading config")
	if out, code := e2e.Run(b.t, "mosquitto_passwd", "-b", b.passwords, c.username, c.password); code != 0 {
		return errors.New(out)
	}
	if err := b.mosquitto.Cmd.Process.Signal(syscall.SIGHUP); err != nil {
		return err
	}
	e2e.Eventually(b.t, "mosquitto reads its passwords", func() bool { return b.mosquitto.Count("Reloading config") > before })
	return nil
}

func (b *broker) password(t *testing.T, user, password string) {
	t.Helper()
	if out, code := e2e.Run(t, "mosquitto_passwd", "-b", b.passwords, user, password); code != 0 {
		t.Fatalf("mosquitto_passwd: %s", out)
	}
}

// came returns every CONNECT so far.
func (b *broker) came() []connect {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]connect(nil), b.connects...)
}

// watch subscribes with Debian's mosquitto_sub; each line is "topic payload".
func (b *broker) watch(t *testing.T, topic string) *e2e.Process {
	t.Helper()
	before := b.mosquitto.Count("Sending SUBACK")
	p := e2e.Start(t, nil, "mosquitto_sub", "-h", "127.0.0.1", "-p", fmt.Sprint(b.plain), "-u", "watcher", "-P", watcherPassword, "-q", "1", "-v", "-t", topic)
	e2e.Eventually(t, "mosquitto_sub is subscribed", func() bool { return b.mosquitto.Count("Sending SUBACK") > before })
	return p
}

// The peer by itself: mosquitto accepts only clients with a good token.
func TestBrokerAlone(t *testing.T) {
	p := startProvider(t, e2e.NewAuthority(t), "{}")
	b := startBroker(t, p)
	seen := b.watch(t, "paird/#")
	token := p.tokenFor(t, "alice")
	host, port, _ := net.SplitHostPort(strings.TrimPrefix(b.url, "mqtts://"))
	pub := func(password string) (string, int) {
		return e2e.Run(t, "mosquitto_pub", "-h", host, "-p", port, "--cafile", p.ca.File, "-u", "dev1", "-P", password, "-q", "1", "-t", "paird/dev1/telemetry", "-m", "hello")
	}
	if out, code := pub("nonsense"); code == 0 {
		t.Errorf("a bad token was let in: %s", out)
	}
	if out, code := pub(token); code != 0 {
		t.Errorf("a good token was refused: %s", out)
	}
	seen.Await(t, "the message", func(line string) bool { return line == "paird/dev1/telemetry hello" })
	if came := b.came(); len(came) != 2 || came[0].admitted || !came[1].admitted || came[1].password != token {
		t.Errorf("the door saw %+v", came)
	}
}
