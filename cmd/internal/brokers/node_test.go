//go:build real

package brokers

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// node is the settings of a NATS server in a process of its own (scripts/real/nats), which can be killed.
type node struct {
	Name    string
	MQTT    int // ports
	Route   int // 0: alone
	Routes  []int
	Dir     string
	Public  string // PEM of the key that signs tokens
	Seed    []byte // of the account that answers for who comes in
	Watcher string // password
	AckWait time.Duration
	Deny    []string // subjects that devices may not subscribe to
}

// ackWait is after which NATS sends again what a subscriber has not acknowledged, behind what is newer.
const ackWait = 5 * time.Second

// natsNode is the path of the program; TestMain builds it.
var natsNode string

func TestMain(m *testing.M) {
	code := 1
	dir, err := os.MkdirTemp("", "paird-brokers")
	if natsNode = dir + "/nats"; err == nil {
		err = build(natsNode)
	}
	if err == nil {
		code = m.Run()
	} else {
		fmt.Fprintln(os.Stderr, "building scripts/real/nats:", err)
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

func build(path string) error {
	cmd := exec.Command("go", "build", "-C", "../../../scripts/real", "-o", path, "./nats")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}

// start runs the node and returns when it is ready to ask about tokens.
func (n node) start(t *testing.T) *process {
	t.Helper()
	settings := must(json.Marshal(n))(t)
	p := start(t, []string{"NATS_NODE=" + string(settings)}, natsNode)
	p.await(t, "node is ready")
	return p
}
