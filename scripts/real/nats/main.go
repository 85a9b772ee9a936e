// Command nats is one node of a NATS server with MQTT and JetStream, for the tests, which start it as a process and kill
// it. It asks its own auth callout whether the password of a client is a token that the test's issuer signed.
//
// Its settings are a node as JSON in the variable NATS_NODE. It prints "node is ready" when clients may come.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
)

// node is what the test chooses.
type node struct {
	Name    string
	MQTT    int    // port
	Route   int    // port; 0: alone
	Routes  []int  // ports of all in the cluster
	Dir     string // of JetStream
	Public  string // PEM of the key that signs tokens
	For     string // audience of the tokens; "": "rabbitmq"
	Seed    []byte // 32 bytes, the same in all nodes: the account that signs the callout's answers
	Watcher string // password of the user "watcher", who may do everything
	AckWait time.Duration
	Deny    []string // subjects that devices may not subscribe to
}

// startup is how long a node may take to be ready.
const startup = 60 * time.Second

func main() {
	var n node
	if err := json.Unmarshal([]byte(os.Getenv("NATS_NODE")), &n); err != nil {
		log.Fatal(err)
	}
	if err := n.serve(); err != nil {
		log.Fatal(err)
	}
}

func (n node) serve() error {
	signer, err := nkeys.FromRawSeed(nkeys.PrefixByteAccount, n.Seed)
	if err != nil {
		return err
	}
	o, err := n.options(signer)
	if err != nil {
		return err
	}
	s, err := server.NewServer(o)
	if err != nil {
		return err
	}
	s.Start()
	defer s.WaitForShutdown()
	defer s.Shutdown()
	if !s.ReadyForConnections(startup) {
		return fmt.Errorf("%s does not start", n.Name)
	}
	if err := serveCallout(s, n, signer); err != nil {
		return err
	}
	fmt.Println("node is ready")
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	<-end
	return nil
}

func (n node) options(signer nkeys.KeyPair) (*server.Options, error) {
	public, err := signer.PublicKey()
	if err != nil {
		return nil, err
	}
	o := &server.Options{
		ServerName: n.Name, DontListen: n.Route == 0, Host: "127.0.0.1", Port: server.RANDOM_PORT,
		NoLog: true, NoSigs: true, JetStream: true, StoreDir: n.Dir,
		MQTT:        server.MQTTOpts{Host: "127.0.0.1", Port: n.MQTT, AckWait: n.AckWait},
		AuthCallout: &server.AuthCallout{Issuer: public, AuthUsers: []string{"callout", "watcher"}},
		Users:       []*server.User{{Username: "callout", Password: n.calloutPassword()}, {Username: "watcher", Password: n.Watcher}},
	}
	if n.Route != 0 {
		o.MQTT.StreamReplicas = 3
		o.Cluster = server.ClusterOpts{Name: "paird", Host: "127.0.0.1", Port: n.Route}
		for _, port := range n.Routes {
			o.Routes = append(o.Routes, &url.URL{Scheme: "nats", Host: fmt.Sprint("127.0.0.1:", port)})
		}
	}
	return o, nil
}

func (n node) calloutPassword() string { return fmt.Sprintf("%x", n.Seed) }
