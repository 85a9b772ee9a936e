//go:build real

package brokers

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
)

// node is a NATS server as a process of its own, this very program, so that it can be killed like one.
type node struct {
	Name   string
	MQTT   int   // ports
	Route  int   // 0: alone
	Routes []int // of all in the cluster
	Dir    string
	Public string // PEM of the key that signs tokens
	Seed   string // of the account that answers for who comes in
}

// ackWait is after which NATS sends again what a subscriber has not acknowledged, behind what is newer.
const ackWait = 5 * time.Second

const nodeVariable = "PAIRD_TEST_NATS_NODE"

func TestMain(m *testing.M) {
	settings := os.Getenv(nodeVariable)
	if settings == "" {
		os.Exit(m.Run())
	}
	if err := serveNode(settings); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// start runs the node and returns when it is ready to ask about tokens.
func (n node) start(t *testing.T) *process {
	t.Helper()
	settings := must(json.Marshal(n))(t)
	p := start(t, []string{nodeVariable + "=" + string(settings)}, must(os.Executable())(t))
	p.await(t, "node is ready")
	return p
}

func serveNode(settings string) error {
	var n node
	if err := json.Unmarshal([]byte(settings), &n); err != nil {
		return err
	}
	o, err := n.options()
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
	if !s.ReadyForConnections(patience) {
		return fmt.Errorf("%s does not start", n.Name)
	}
	if err := serveCallout(s, n); err != nil {
		return err
	}
	fmt.Println("node is ready")
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	<-end
	return nil
}

func (n node) options() (*server.Options, error) {
	account, err := nkeys.FromSeed([]byte(n.Seed))
	if err != nil {
		return nil, err
	}
	public, err := account.PublicKey()
	if err != nil {
		return nil, err
	}
	o := &server.Options{
		ServerName: n.Name, DontListen: n.Route == 0, Host: "127.0.0.1", Port: server.RANDOM_PORT,
		NoLog: true, NoSigs: true, JetStream: true, StoreDir: n.Dir,
		MQTT:        server.MQTTOpts{Host: "127.0.0.1", Port: n.MQTT, AckWait: ackWait},
		AuthCallout: &server.AuthCallout{Issuer: public, AuthUsers: []string{"callout", "watcher"}},
		Users:       []*server.User{{Username: "callout", Password: n.Seed}, {Username: "watcher", Password: watcherPassword}},
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
