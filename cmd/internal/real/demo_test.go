//go:build real

package real

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
)

// The demo, as a person plays it in a browser: from the press to telemetry, and again as somebody else.
func TestDemoInChromium(t *testing.T) {
	address := fmt.Sprintf("127.0.0.1:%d", e2e.FreePort(t))
	lab := e2e.Start(t, nil, e2e.Program("pairlab"), "demo", "--listen", address)
	lab.Await(t, "address of the lab", func(line string) bool { return strings.Contains(line, "http://"+address+"/") })
	pictures := t.ArtifactDir() // kept with -artifacts
	out, code := e2e.Run(t, "node", scripts+"/real/demo.mjs", "http://"+address+"/", pictures)
	if code != 0 {
		t.Fatalf("demo.mjs: exit %d\n%s", code, out)
	}
	for _, name := range []string{"alice", "bob"} {
		if _, err := os.Stat(pictures + "/paired-" + name + ".png"); err != nil || !strings.Contains(out, "paired as "+name+"\ntelemetry ") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	if err := lab.Cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case <-lab.Done():
		if code := lab.Cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("after Ctrl-C: exit %d", code)
		}
	case <-time.After(e2e.Patience):
		t.Error("Ctrl-C does not end the lab")
	}
}
