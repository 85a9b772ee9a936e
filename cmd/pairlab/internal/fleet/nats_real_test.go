//go:build real

package fleet

import (
	"os"
	"strings"
	"testing"

	"github.com/paird/paird/cmd/internal/e2e"
)

func TestMain(m *testing.M) {
	os.Exit(e2e.Main(m, e2e.Build{Name: "nats", Into: func(file string) error {
		return e2e.Command("../../../../scripts/real", "go", "build", "-o", file, "./nats")
	}}))
}

// A small fleet at a NATS cluster of three: a node is killed, all are ended, and nothing is lost.
func TestCluster(t *testing.T) {
	o := small("pairing", "node", "boot", "broker")
	o.NATS = e2e.Program("nats")
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	r.Text(&text)
	t.Log(text.String())
	if why := r.Failed(); why != "" {
		t.Error(why)
	}
}
