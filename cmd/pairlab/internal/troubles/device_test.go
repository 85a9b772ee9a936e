package troubles

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/display"
)

// before is what a panel showed before the trouble: no device is paired then.
const before = "what it did before"

// device is a paird with a panel that is a PNG file.
type device struct {
	*e2e.Device
	command []string // the program, with its first arguments
	run     int      // exit code of `paird run`, if it has ended
	inside  bool     // the daemon runs in this process
	stopped bool     // doctor is run when the daemon has ended
}

// newDevice configures a device; auth and more are lines of [auth] and further sections.
func newDevice(t *testing.T, issuer, auth string, more ...string) *device {
	t.Helper()
	if !strings.Contains(auth, "client_id") {
		auth += "\nclient_id = \"printer\""
	}
	section := fmt.Sprintf("[auth]\nissuer = %q\n%s\n", issuer, auth)
	d := &device{Device: e2e.NewDevice(t, "", append([]string{section}, more...)...), command: []string{e2e.Program("paird")}, run: -1}
	text := string(e2e.Must(os.ReadFile(d.Config))(t))
	if !strings.Contains(text, "[display]") {
		d.Section("\n[display]\npanel = \"png\"\n[png]\nfile = %q\n", d.panel())
	}
	return d
}

func (d *device) panel() string { return filepath.Join(d.Dir, "panel.png") }

// started is d after its start.
func (d *device) started() *device {
	d.Helper()
	d.Start()
	return d
}

// Paird runs a command on this device's configuration.
func (d *device) Paird(args ...string) (string, int) {
	d.Helper()
	args = slices.Concat(d.command[1:], args, []string{"--config", d.Config})
	return e2e.Run(d, d.command[0], args...)
}

// says checks that status and doctor say what the row has, with its exit codes.
func (d *device) says(row trouble) {
	d.Helper()
	var out string
	var code int
	e2e.Eventually(d, "paird status: "+row.row(), func() bool {
		out, code = d.Paird("status")
		return row.code == "" || strings.Contains(out, fmt.Sprintf("\nproblem  %s: ", row.code)) && strings.Contains(out, row.says)
	})
	advised := strings.Contains(out, "\nnext     "+row.next+"\n")
	found := d.examined(row, code)
	if !strings.Contains(out, row.says) || !advised && !strings.Contains(found, row.next) {
		d.Errorf("status says\n%s, not %q and %q", out, row.says, row.next)
	}
}

// examined wants of doctor the failed checks that the row has, and the exit codes. It returns what the checks say that fail
// besides that of the daemon.
func (d *device) examined(row trouble, status int) (says string) {
	d.Helper()
	if d.stopped {
		d.Stop()
	}
	failed, says, doctor := d.failedChecks()
	if said := slices.Contains(failed, "`daemon`"); said != (row.code != "") {
		d.Errorf("doctor repeats the problem of the daemon: %v", said)
	}
	failed = slices.DeleteFunc(failed, func(check string) bool { return check == "`daemon`" })
	if got := orNone(strings.Join(failed, ", ")); got != row.doctor {
		d.Errorf("doctor finds wrong %s, not %s", got, row.doctor)
	}
	exits := fmt.Sprintf("%d, %d", status, doctor)
	if d.run >= 0 {
		exits += fmt.Sprintf(", `run` %d", d.run)
	}
	if exits != row.exits {
		d.Errorf("exit codes %s, want %s", exits, row.exits)
	}
	return says
}

// failedChecks are those of doctor, what they say, and its exit code.
func (d *device) failedChecks() (failed []string, says string, code int) {
	d.Helper()
	out, code := d.Paird("doctor", "--json")
	var found []struct{ Check, Result, Detail string }
	if err := json.NewDecoder(strings.NewReader(out)).Decode(&found); err != nil {
		d.Fatalf("%v: %s", err, out)
	}
	for _, one := range found {
		if one.Result == "fail" {
			failed = append(failed, "`"+one.Check+"`")
			d.Logf("doctor: %s: %s", one.Check, one.Detail)
		}
		if one.Result == "fail" && one.Check != "daemon" {
			says += one.Detail + "\n"
		}
	}
	return failed, says, code
}

// endedWith checks that the command that failed, and those that ask, say what the row has.
func (d *device) endedWith(row trouble) {
	d.Helper()
	out, code := d.Paird("status")
	if d.run >= 0 {
		run, _ := d.Paird("run")
		out += run
	}
	if !strings.Contains(out, row.says) || !strings.Contains(out, row.next) {
		d.Errorf("it says\n%s, not %q and %q", out, row.says, row.next)
	}
	d.examined(row, code)
	d.shows(row, control.Status{})
}

// ends runs the daemon, which must end by itself.
func (d *device) ends() *device {
	d.Helper()
	_, d.run = d.Paird("run")
	return d
}

// shows waits until the panel has the row's words; without words it has what it showed before, where it can be looked at.
func (d *device) shows(row trouble, s control.Status) {
	d.Helper()
	words := row.panel
	if words == none {
		if _, err := os.Stat(d.panel()); err != nil {
			return // it is not there, or not one that writes a file
		}
		words = before
	}
	e2e.Eventually(d, "the panel shows "+words, func() bool {
		if row.code != "" {
			s = d.Now() // the screen has figures of it
		}
		return d.panelIs(screens(d, s)[words])
	})
}

// panelIs reports whether the panel has that screen, on one of its pages.
func (d *device) panelIs(s display.Screen) bool {
	d.Helper()
	if s == nil {
		d.Fatal("no screen has these words")
	}
	return e2e.PanelIs(d, d.panel(), s, display.Geometry{Width: 128, Height: 64, Name: "Kitchen printer", Language: "en"})
}

// screens are those that a device in trouble may show, by their words in display/words_en.go.
func screens(t testing.TB, s control.Status) map[string]display.Screen {
	t.Helper()
	source := string(e2e.Must(os.ReadFile(root + "/display/words_en.go"))(t))
	word := func(name string) string {
		return regexp.MustCompile(`\b` + name + `: +"([^"]+)"`).FindStringSubmatch(source)[1]
	}
	all := map[string]display.Screen{word("clock"): display.Clock{}, word("press"): display.Press{}, before: display.Press{}}
	titles := regexp.MustCompile(`(?m)^\t\t\{"([^"]+)"`).FindAllStringSubmatch(source, -1)
	if len(titles) != len(control.Problems()) {
		t.Fatalf("%d titles of problems", len(titles))
	}
	for i, code := range control.Problems() {
		switch detail := detailOf(s, code); code {
		case control.ProblemDenied, control.ProblemExpired:
			all[titles[i][1]] = display.Press{Problem: string(code)}
		default:
			all[titles[i][1]] = display.Problem{Code: string(code), Detail: detail, Queued: queued(s)}
		}
		if code == control.ProblemConfig {
			line := strings.Replace(word("settings"), "#", "17", 1)
			all[titles[i][1]+" ("+line+")"] = display.Settings{State: display.Wrong, Line: 17}
		}
	}
	return all
}

func queued(s control.Status) int {
	if s.Queue == nil {
		return 0
	}
	return s.Queue.Messages
}

func detailOf(s control.Status, code control.ProblemCode) string {
	i := slices.IndexFunc(s.Problems, func(p control.Problem) bool { return p.Code == code })
	if i < 0 {
		return ""
	}
	return s.Problems[i].Detail
}

func orNone(s string) string {
	if s == "" {
		return none
	}
	return s
}
