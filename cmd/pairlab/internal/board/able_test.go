//go:build real

package board

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paird/paird/cmd/internal/e2e"
)

// A fault that is built into the daemon, and the step of the story that must find it.
type fault struct {
	name     string
	file     string // of the module
	old, new string
	found    string // the name of the step
}

func faults() []fault {
	return []fault{
		{"a byte of the driver", "hal/monoled/module.go", "c = append(c, 0x40, 0x20, 0x02, 0x8d,", "c = append(c, 0x40, 0x20, 0x01, 0x8d,", "power without network or time"},
		{"a record that is not synchronised", "agent/internal/seglog/tail.go", "if err := dir.SyncFile(t.file); err != nil {", "if err := error(nil); err != nil {", "power cut in mid-queue"},
		{"a watchdog that pings by the clock", "agent/watchdog.go", "if a.allAnswer(ctx, loops) && ctx.Err() == nil {", "if ctx.Err() == nil {", "the bus hangs"},
	}
}

// TestStoryCanFail runs the story with daemons that are wrong in one place each.
func TestStoryCanFail(t *testing.T) {
	t.Parallel()
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, panels()["ssd1306-i2c"], f.build(t))
			if name, err := s.run(story(s.panel)); name != f.found {
				t.Errorf("the story fails at %q (%v), want %q", name, err, f.found)
			}
		})
	}
}

// build is the daemon with the fault, as go build -overlay makes it.
func (f fault) build(t *testing.T) string {
	t.Helper()
	original := e2e.Must(filepath.Abs(filepath.Join(root, f.file)))(t)
	text := string(e2e.Must(os.ReadFile(original))(t))
	if strings.Count(text, f.old) != 1 {
		t.Fatalf("%s has not once: %s", f.file, f.old)
	}
	changed := e2e.Write(t, filepath.Base(f.file), strings.Replace(text, f.old, f.new, 1))
	overlay := e2e.Must(json.Marshal(map[string]any{"Replace": map[string]string{original: changed}}))(t)
	program := filepath.Join(t.TempDir(), "paird")
	err := e2e.Command(root, "env", "GOARCH=arm64", "go", "build", "-overlay", e2e.Write(t, "overlay.json", string(overlay)),
		"-tags", "nethttpomithttp2", "-ldflags", "-s -w -X main.built=1700000000", "-o", program, "./cmd/paird")
	if err != nil {
		t.Fatal(err)
	}
	return program
}
