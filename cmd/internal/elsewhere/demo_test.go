//go:build real

package elsewhere

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paird/paird/cmd/internal/e2e"
)

// A person tries the demo: opens its page, presses the button, scans, signs in, approves, and sees telemetry; then tries the
// commands of the terminal, and pairs again after the reset. That is the agent with its queue, its link to a broker and its
// panel, on files of Windows.
func TestDemo(t *testing.T) {
	fresh(t)
	lab := e2e.Start(t, nil, wine, e2e.Program("demo/pairlab.exe"), "demo", "--listen", "127.0.0.1:0")
	line := lab.Await(t, "address of the lab", func(line string) bool { return strings.Contains(line, " Open http") })
	origin := strings.TrimSuffix(strings.Fields(line)[1], "/")
	line = lab.Await(t, "commands to try", func(line string) bool { return strings.Contains(line, "paird status --config ") })
	_, config, _ := strings.Cut(line, "--config ")
	page := e2e.NewBrowser(t, nil)
	if page.Visit(origin + "/"); page.Status != http.StatusOK {
		t.Errorf("the page: %d", page.Status)
	}
	newPhone(t, origin).pair()
	lab.AwaitText(t, "belongs to Alice")
	lab.AwaitText(t, "/telemetry {")
	for _, try := range []struct{ command, says string }{
		{"status", "Alice"}, {"token", "."}, {"publish door/open yes", ""}, {"reset --yes", "Erased"},
	} {
		args := append(strings.Fields(try.command), "--config", strings.TrimSpace(config))
		if out, code := run(t, "demo/paird.exe", args...); code != 0 || !strings.Contains(out, try.says) {
			t.Errorf("paird %s: exit %d: %s", try.command, code, out)
		}
	}
	newPhone(t, origin).pair()
	lab.AwaitText(t, "belongs to Alice")
	if err := lab.Cmd.Process.Signal(os.Interrupt); err != nil { // Ctrl-C
		t.Fatal(err)
	}
	lab.AwaitText(t, "stopped")
	<-lab.Done()
	if left := e2e.Must(filepath.Glob(users + "/*/AppData/Local/Temp/pairlab-*"))(t); len(left) != 0 || lab.Cmd.ProcessState.ExitCode() != 0 {
		t.Errorf("after Ctrl-C: %v, left behind: %s", lab.Cmd.ProcessState, left)
	}
}

// phone is the browser beside the demo.
type phone struct {
	*testing.T
	*e2e.Browser
	origin string
}

func newPhone(t *testing.T, origin string) phone { return phone{t, e2e.NewBrowser(t, nil), origin} }

// pair presses the button, scans, signs in and approves.
func (p phone) pair() {
	p.Helper()
	if p.Submit(p.origin + "/panel/press?hold=100ms"); p.Status != http.StatusNoContent {
		p.Fatalf("the button: %d", p.Status)
	}
	p.Visit(p.scan())
	p.Submit(p.origin+"/signin", "username", "alice", "password", "alice")
	if p.Submit(p.origin+"/consent", "decision", "approve"); !strings.Contains(p.HTML, `data-outcome="approved"`) {
		p.Fatalf("after the consent:\n%s", p.HTML)
	}
}

// scan is what the code on the lab's page leads to, when the page shows one.
func (p phone) scan() string {
	p.Helper()
	resp := e2e.Must(p.Client.Get(p.origin + "/lab/events"))(p)
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); ; {
		data, ok := e2e.Event(lines, "code")
		if !ok {
			p.Fatal("the page shows no code")
		}
		var code struct{ Complete string }
		if json.Unmarshal([]byte(data), &code) == nil && code.Complete != "" {
			return code.Complete
		}
	}
}
