//go:build real

package real

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// The demo, as a person plays it in a browser: from the press to telemetry, and again as somebody else.
func TestDemoInChromium(t *testing.T) {
	address := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	lab := start(t, program("pairlab"), "demo", "--listen", address)
	lab.await(t, "address of the lab", func(line string) bool { return strings.Contains(line, "http://"+address+"/") })
	pictures := t.ArtifactDir() // kept with -artifacts
	out, code := run(t, "node", scripts+"/real/demo.mjs", "http://"+address+"/", pictures)
	if code != 0 {
		t.Fatalf("demo.mjs: exit %d\n%s", code, out)
	}
	for _, name := range []string{"alice", "bob"} {
		if _, err := os.Stat(pictures + "/paired-" + name + ".png"); err != nil || !strings.Contains(out, "paired as "+name+"\ntelemetry ") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	if err := lab.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case <-lab.done:
		if lab.err != nil {
			t.Errorf("after Ctrl-C: %v", lab.err)
		}
	case <-time.After(patience):
		t.Error("Ctrl-C does not end the lab")
	}
}
