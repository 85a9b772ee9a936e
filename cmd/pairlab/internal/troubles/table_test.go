package troubles

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
)

const root = "../../../.."

// none stands in a cell that has nothing to say.
const none = "-"

var update = flag.Bool("update", false, "write the table into the README")

func TestMain(m *testing.M) {
	refuseAdjtimex()
	flag.Parse()
	flag.Set("test.parallel", "12") // they wait nearly all the time
	os.Exit(e2e.Main(m, e2e.Ours(root, "paird"), unsetClock()))
}

// trouble is a row of the README's table.
type trouble struct {
	name   string
	panel  string              // in large letters, none: it shows what it did before
	code   control.ProblemCode // "": the status has no problem
	says   string              // words of `paird status`
	doctor string              // the checks that fail
	exits  string              // of status and doctor, and of run where it ends
	next   string              // what to do, as `paird status` says it, or the check or command that fails
	make   func(*testing.T) *device
}

// row is t as the README has it.
func (t trouble) row() string {
	status := t.says
	if t.code != "" {
		status = fmt.Sprintf("`%s`: %s", t.code, t.says)
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s |\n", t.name, t.panel, status, t.doctor, t.exits, t.next)
}

// tables are all troubles, in the README's order.
func tables() []trouble {
	var all []trouble
	for _, some := range [][]trouble{serverTroubles(), brokerTroubles(), boardTroubles(), localTroubles()} {
		all = append(all, some...)
	}
	for i, row := range all {
		if row.next == "" {
			all[i].next = steps()[row.code]
		}
	}
	return all
}

// steps are what `paird status` advises for each problem where it knows nothing more exact; "": for a device without a
// problem that is not paired.
func steps() map[control.ProblemCode]string {
	another := "press the button, or run `paird pair --wait`, for another code"
	return map[control.ProblemCode]string{
		"":                           "press the button, or run `paird pair --wait`",
		control.ProblemClockUnset:    "let NTP (UDP port 123) through, or set the clock",
		control.ProblemCaptivePortal: "sign in to the network, or use another one",
		control.ProblemNoNetwork:     "check cable or Wi-Fi, the name server and the issuer's name",
		control.ProblemServer:        "wait, paird tries again; see the server's log",
		control.ProblemDenied:        another,
		control.ProblemExpired:       another,
		control.ProblemBrokerAuth:    "check audience, scopes and what the broker lets this account do",
		control.ProblemBroker:        "check mqtt.url and the firewall (port 8883); records wait in the queue",
	}
}

const (
	heading = "| what is wrong | panel | `paird status` | `paird doctor` fails | exit codes | what to do |\n|---|---|---|---|---|---|\n"
	fewest  = 25
)

// TestTroubles makes each trouble happen and looks at what the device says.
func TestTroubles(t *testing.T) {
	for _, row := range tables() {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			d := row.make(t)
			if d.Process == nil && !d.inside {
				d.endedWith(row)
				return
			}
			d.says(row)
			d.shows(row, control.Status{})
		})
	}
}

// TestTableOfTheREADME: the README has exactly these rows, so that each of them was seen.
func TestTableOfTheREADME(t *testing.T) {
	text := string(e2e.Must(os.ReadFile(root + "/README.md"))(t))
	before, rest, found := strings.Cut(text, heading)
	if !found {
		t.Fatal("the README has no table of troubles")
	}
	has, after, _ := strings.Cut(rest, "\n\n")
	has += "\n"
	var want strings.Builder
	rows := tables()
	for _, row := range rows {
		want.WriteString(row.row())
	}
	if len(rows) < fewest {
		t.Errorf("only %d rows", len(rows))
	}
	for _, code := range control.Problems() {
		if !slices.ContainsFunc(rows, func(row trouble) bool { return row.code == code }) {
			t.Errorf("no row is about problem %s", code)
		}
	}
	if has == want.String() {
		return
	}
	if *update {
		if err := os.WriteFile(root+"/README.md", []byte(before+heading+want.String()+"\n"+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("the README has\n%s\nwant\n%s\n(go test ./cmd/pairlab/internal/troubles -run README -update writes it)", has, want.String())
}
