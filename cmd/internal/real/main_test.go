//go:build real

package real

import (
	"os"
	"testing"

	"github.com/paird/paird/cmd/internal/e2e"
)

const (
	root    = "../../.."
	scripts = root + "/scripts"
)

func TestMain(m *testing.M) {
	os.Exit(e2e.Main(m, e2e.Ours(root, "paird"), e2e.Ours(root, "pairlab"), e2e.Build{Name: "printer", Into: func(file string) error {
		return e2e.Command(root, "go", "build", "-o", file, "./scripts/examples/printer")
	}}))
}
