//go:build real

package brokers

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
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

func TestMain(m *testing.M) {
	os.Exit(e2e.Main(m, e2e.Build{Name: "nats", Into: func(file string) error {
		return e2e.Command("../../../scripts/real", "go", "build", "-o", file, "./nats")
	}}))
}

// start runs the node and returns when it is ready to ask about tokens.
func (n node) start(t *testing.T) *e2e.Process {
	t.Helper()
	settings := e2e.Must(json.Marshal(n))(t)
	p := e2e.Start(t, []string{"NATS_NODE=" + string(settings)}, e2e.Program("nats"))
	p.AwaitText(t, "node is ready")
	return p
}
