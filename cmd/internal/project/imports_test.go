package project

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/paird/paird"

// pkg is what `go list` says of one package, without its tests.
type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

// list asks for the packages as they are built for a board.
func list(t *testing.T, patterns ...string) []pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-tags=nethttpomithttp2", "-json=ImportPath,Imports,Deps"}, patterns...)...)
	cmd.Env = append(os.Environ(), "GOOS=linux", "CGO_ENABLED=0")
	cmd.Dir = "../../.."
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for d := json.NewDecoder(out); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return all
}

// below reports whether name is dir or something in it.
func below(name, dir string) bool { return name == dir || strings.HasPrefix(name, dir+"/") }

// leaf is the room a package belongs to, and whether it may import nothing of ours but the rooms' own internals.
func leaf(name string) (string, bool) {
	parts := strings.Split(name, "/")
	switch parts[0] {
	case "display", "config", "hal":
		return parts[0], true
	case "agent":
		return strings.Join(parts[:min(len(parts), 2)], "/"), len(parts) > 1
	}
	return parts[0], false
}

// ours says why a package of ours must not import another one, or "".
func ours(from, to string) string {
	room, isLeaf := leaf(from)
	switch {
	case below(from, "cmd"):
		return ""
	case below(to, "cmd"):
		return "only cmd imports cmd"
	case below(to, "config") && !below(from, "config"), below(to, "hal") && !below(from, "hal"):
		return "only cmd imports config and hal"
	case from == "agent" && !below(to, "agent") && to != "display":
		return "agent imports its own sub-packages and display"
	case isLeaf && !below(to, room) && !helper(room, to):
		return "a leaf imports none of ours but internal helpers"
	}
	return ""
}

// helper reports whether to is an internal package of the folder that holds the room.
func helper(room, to string) bool {
	folder := path.Dir(room)
	return folder != "." && below(to, folder+"/internal")
}

// foreign names the only packages that may import something from outside.
var foreign = map[string][]string{
	"periph.io":                           {"hal", "cmd/pairlab/internal/board"},
	"go.etcd.io/bbolt":                    {"agent/store", "agent/queue/internal/former", "agent/internal"},
	"github.com/eclipse/paho.mqtt.golang": {"agent/telemetry", "cmd/pairlab"},
	"github.com/coreos/go-oidc":           {"agent/deviceauth"},
	"github.com/BurntSushi/toml":          {"config"},
	"github.com/coreos/go-systemd":        {"cmd"},
	"golang.org/x/term":                   {"cmd"},
	"github.com/piglig/go-qr":             {"display"},
	"github.com/makiuchi-d/gozxing":       {"display/internal"},
	"golang.org/x/image":                  {"display", "cmd/pairlab/internal/fleet"},
	"golang.org/x/sys/unix":               {"hal", "cmd", "agent/clock", "agent/control", "agent/hooks", "agent/store", "agent/telemetry", "agent/internal"},
	"github.com/go-jose":                  {"agent/deviceauth", "cmd/pairlab", "cmd/internal/provider"},
	"github.com/mochi-mqtt":               {"cmd/pairlab", "agent/internal/brokertest"},
	"github.com/gorilla/websocket":        {"agent/telemetry", "cmd/pairlab"},
	"image/png":                           {"display/internal", "cmd"}, // display.EncodePNG is a quarter of its size; go-qr links it all the same
	"github.com/nats-io":                  {},                          // a real peer of its own module
	"net/http/pprof":                      {},
	"html/template":                       {"cmd/pairlab", "cmd/internal/provider"},
}

// TestWhoImportsWhom enforces the shape of the house.
func TestWhoImportsWhom(t *testing.T) {
	all := list(t, "./...")
	if len(all) < 15 {
		t.Fatalf("go list knows only %d packages", len(all))
	}
	for _, p := range all {
		from := strings.TrimPrefix(p.ImportPath, module+"/")
		for _, to := range p.Imports {
			if name, isOurs := strings.CutPrefix(to, module+"/"); isOurs {
				if why := ours(from, name); why != "" {
					t.Errorf("%s imports %s: %s", from, name, why)
				}
				continue
			}
			for what, who := range foreign {
				if below(to, what) && !slices.ContainsFunc(who, func(dir string) bool { return below(from, dir) }) {
					t.Errorf("%s imports %s: only %q may", from, to, who)
				}
			}
		}
	}
}

// TestDaemonIsSmall keeps out of the daemon what would cost megabytes or open doors.
func TestDaemonIsSmall(t *testing.T) {
	banned := []string{
		"text/template", "html/template", "net/http/pprof", "testing", "expvar", "plugin",
		"github.com/nats-io", "github.com/mochi-mqtt",
		"periph.io/x/host", // its GPIO closes descriptor 0 on a Pi 5, its I2C hands the kernel stale addresses
		module + "/cmd/pairlab", module + "/cmd/internal/provider", module + "/hal/bustest", module + "/agent/internal/crashtest",
	}
	for _, p := range list(t, "./cmd/paird") {
		if len(p.Deps) < 50 {
			t.Fatalf("go list knows only %d dependencies of %s", len(p.Deps), p.ImportPath)
		}
		for _, used := range []string{"periph.io/x/conn/v3", "periph.io/x/devices/v3"} {
			if !slices.ContainsFunc(p.Deps, func(dep string) bool { return below(dep, used) }) {
				t.Errorf("paird does not link %s", used)
			}
		}
		for _, dep := range p.Deps {
			if slices.ContainsFunc(banned, func(b string) bool { return below(dep, b) }) {
				t.Errorf("paird links %s", dep)
			}
		}
	}
}

// The rules themselves: what they let through and what not.
func TestRules(t *testing.T) {
	for _, test := range []struct {
		from, to string
		allowed  bool
	}{
		{"cmd/paird", "config", true},
		{"cmd/pairlab", "hal", true},
		{"agent", "config", false},
		{"agent", "hal", false},
		{"agent", "agent/store", true},
		{"agent", "display", true},
		{"agent/store", "agent/internal/boltfile", true},
		{"agent/store", "agent/queue", false},
		{"agent/store", "agent", false},
		{"agent/telemetry", "agent/telemetry/internal/x", true},
		{"agent/telemetry", "display", false},
		{"hal", "display", false},
		{"display", "hal", false},
		{"hal", "hal/sim", true},
		{"hal/monoled", "hal/internal/linuxio", true},
		{"hal/sim", "agent/control", false},
		{"config", "display", false},
		{"config", "cmd/internal/x", false},
	} {
		if got := ours(test.from, test.to) == ""; got != test.allowed {
			t.Errorf("%s imports %s: allowed %v, want %v", test.from, test.to, got, test.allowed)
		}
	}
}
