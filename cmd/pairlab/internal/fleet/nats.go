package fleet

import (
	"bufio"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// clusterSize is how many nodes keep each message.
const clusterSize = 3

// nodeLimit is how long a node may take to be ready, and to end.
const nodeLimit = 90 * time.Second

// settings of a node, as scripts/real/nats reads them.
type settings struct {
	Name    string
	MQTT    int // port
	Route   int // port
	Routes  []int
	Dir     string
	Public  string // PEM
	For     string // audience
	Seed    []byte
	Watcher string // password
	AckWait time.Duration
}

// cluster is three nodes of a NATS server with MQTT and JetStream, each a process of its own.
type cluster struct {
	program  string
	settings []settings
	running  []*exec.Cmd
	watcher  mqtt.Client
}

// startCluster starts the nodes. message gets what the devices publish, from the last node, which is never killed alone.
func startCluster(program, dir string, key any, message func(topic string, payload []byte)) (*cluster, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	seed := make([]byte, 32)
	_, _ = rand.Read(seed) // it never fails
	c := &cluster{program: program, running: make([]*exec.Cmd, clusterSize)}
	var routes []int
	for n := range clusterSize {
		ports, err := freePorts(2)
		if err != nil {
			return nil, err
		}
		routes = append(routes, ports[1])
		c.settings = append(c.settings, settings{
			Name: fmt.Sprint("node", n), MQTT: ports[0], Route: ports[1], Dir: filepath.Join(dir, fmt.Sprint("node", n)),
			Public: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), For: audience, Seed: seed,
			Watcher: rand.Text(), AckWait: 30 * time.Second,
		})
	}
	for n := range c.settings {
		c.settings[n].Routes = routes
	}
	if err := c.startAll(); err != nil {
		c.close()
		return nil, err
	}
	return c, c.watch(message)
}

// freePorts are ports of loopback that nothing listens on.
func freePorts(n int) (ports []int, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

func (c *cluster) startAll() error {
	errs := make(chan error)
	for n := range c.settings {
		go func() { errs <- c.start(n) }()
	}
	var all error
	for range c.settings {
		all = errors.Join(all, <-errs)
	}
	return all
}

// start starts a node and returns when it is ready.
func (c *cluster) start(n int) error {
	text, err := json.Marshal(c.settings[n])
	if err != nil {
		return err
	}
	cmd := exec.Command(c.program)
	cmd.Env = append(os.Environ(), "NATS_NODE="+string(text))
	endWithUs(cmd)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	c.running[n] = cmd
	ready := make(chan bool, 1)
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			ready <- strings.Contains(lines.Text(), "node is ready")
			return
		}
		ready <- false
	}()
	select {
	case ok := <-ready:
		if ok {
			return nil
		}
	case <-time.After(nodeLimit):
	}
	return fmt.Errorf("%s does not start", c.settings[n].Name)
}

// watch subscribes to the numbered messages, with a session that outlives a restart.
func (c *cluster) watch(message func(topic string, payload []byte)) error {
	last := c.settings[clusterSize-1]
	o := mqtt.NewClientOptions().AddBroker(fmt.Sprint("tcp://127.0.0.1:", last.MQTT)).SetClientID("fleet-watcher").
		SetUsername("watcher").SetPassword(last.Watcher).SetProtocolVersion(4).SetCleanSession(false).
		SetAutoReconnect(true).SetMaxReconnectInterval(time.Second).SetConnectTimeout(nodeLimit)
	o.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { message(m.Topic(), m.Payload()) })
	c.watcher = mqtt.NewClient(o)
	var err error
	for end := time.Now().Add(nodeLimit); time.Now().Before(end); time.Sleep(time.Second) { // the nodes elect their leaders first
		if err = done(c.watcher.Connect()); err != nil {
			continue
		}
		if err = done(c.watcher.Subscribe(root+"/+/"+numbered, 1, nil)); err == nil {
			return nil
		}
		c.watcher.Disconnect(0)
	}
	return fmt.Errorf("the watcher at the cluster: %w", err)
}

func done(t mqtt.Token) error {
	if !t.WaitTimeout(nodeLimit) {
		return errors.New("no answer")
	}
	return t.Error()
}

func (c *cluster) url() string { return fmt.Sprint("mqtt://127.0.0.1:", c.settings[0].MQTT) }

func (c *cluster) nodes() (all []string) {
	for _, s := range c.settings {
		all = append(all, fmt.Sprint("127.0.0.1:", s.MQTT))
	}
	return all
}

// end ends a node by a signal.
func (c *cluster) end(n int, signal os.Signal) {
	cmd := c.running[n]
	if cmd == nil {
		return
	}
	_ = cmd.Process.Signal(signal)
	late := time.AfterFunc(nodeLimit, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait() // it was ended by a signal
	late.Stop()
	c.running[n] = nil
}

func (c *cluster) restart(away time.Duration) error {
	for n := range c.settings {
		c.end(n, syscall.SIGTERM)
	}
	time.Sleep(away)
	return c.startAll()
}

func (c *cluster) killNode(away time.Duration) error {
	c.end(0, syscall.SIGKILL)
	time.Sleep(away)
	return c.start(0)
}

func (c *cluster) close() {
	if c.watcher != nil {
		c.watcher.Disconnect(0)
	}
	for n := range c.settings {
		c.end(n, syscall.SIGKILL)
	}
}
