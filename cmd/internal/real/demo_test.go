//go:build real

package real

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
)

// The demo, as a person plays it in a browser. scripts/real/demo.mjs has the scenarios by name.
func TestDemoInChromium(t *testing.T) {
	for scenario, args := range map[string][]string{
		"pair":        {"--panel", "waveshare2in13v4"},
		"picture":     nil, // of `make pictures`
		"deny":        nil,
		"expire":      {"--ttl", "6s"},
		"reset":       nil,
		"tabs":        nil,
		"looks-light": nil,
		"looks-dark":  nil,
		"lan":         {"--lan"},
	} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			d := startDemo(t, args...)
			d.play(scenario)
			if scenario == "pair" {
				d.try()
			}
			d.end()
		})
	}
}

// demo is a running `pairlab demo`.
type demo struct {
	*testing.T
	lab   *e2e.Process
	url   string
	named []string // commands the terminal names, as they stand there
}

func startDemo(t *testing.T, args ...string) *demo {
	t.Helper()
	lab := e2e.Start(t, nil, e2e.Program("pairlab"), append([]string{"demo", "--listen", ":0"}, args...)...)
	line := lab.Await(t, "address of the lab", func(line string) bool { return strings.Contains(line, " Open http") })
	d := &demo{T: t, lab: lab, url: strings.Fields(line)[1]}
	lab.Await(t, "commands to try", func(line string) bool {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "paird ") {
			d.named = append(d.named, line)
		}
		return strings.HasPrefix(line, "paird reset ")
	})
	return d
}

// config is the path in the commands.
func (d *demo) config() string {
	_, path, _ := strings.Cut(d.named[0], "--config ")
	return path
}

func (d *demo) play(scenario string) {
	d.Helper()
	ctx, cancel := context.WithTimeout(d.Context(), 5*time.Minute)
	defer cancel()
	pictures := d.ArtifactDir() // kept with -artifacts
	node := exec.CommandContext(ctx, "node", scripts+"/real/demo.mjs", scenario, d.url, pictures, e2e.Program("paird"), d.config())
	out, err := node.CombinedOutput()
	if err != nil {
		d.Fatalf("demo.mjs %s: %v\n%s", scenario, err, out)
	}
	if _, err := os.Stat(pictures + "/panel.png"); err != nil {
		d.Errorf("nothing was scanned: %v\n%s", err, out)
	}
}

// try runs each command that the terminal names, but for the one that waits for a person.
func (d *demo) try() {
	d.Helper()
	for _, line := range d.named {
		if words := strings.Fields(line); words[1] != "pair" {
			if out, code := e2e.Run(d.T, e2e.Program(words[0]), words[1:]...); code != 0 {
				d.Errorf("%s: exit %d\n%s", line, code, out)
			}
		}
	}
}

// end is Ctrl-C.
func (d *demo) end() {
	d.Helper()
	if err := d.lab.Cmd.Process.Signal(os.Interrupt); err != nil {
		d.Fatal(err)
	}
	select {
	case <-d.lab.Done():
		if code := d.lab.Cmd.ProcessState.ExitCode(); code != 0 {
			d.Errorf("after Ctrl-C: exit %d", code)
		}
	case <-time.After(e2e.WaitLimit):
		d.Error("Ctrl-C does not end the lab")
	}
}
