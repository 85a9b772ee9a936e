//go:build real

package elsewhere

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
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
	if status, _ := newPhone(t, origin).open("GET", "/", nil); status != http.StatusOK {
		t.Errorf("the page: %d", status)
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

// phone is a browser beside the demo.
type phone struct {
	*testing.T
	http   *http.Client
	origin string
}

func newPhone(t *testing.T, origin string) phone {
	return phone{t, &http.Client{Jar: e2e.Must(cookiejar.New(nil))(t)}, origin}
}

// pair presses the button, scans and approves.
func (p phone) pair() {
	p.Helper()
	if status, _ := p.open("POST", "/panel/press?hold=100ms", nil); status != http.StatusNoContent {
		p.Fatalf("the button: %d", status)
	}
	p.approve(p.scan())
}

// open asks for a path of the lab; with a form it sends it.
func (p phone) open(method, path string, form url.Values) (status int, page string) {
	p.Helper()
	r := e2e.Must(http.NewRequestWithContext(p.Context(), method, p.origin+path, strings.NewReader(form.Encode())))(p)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp := e2e.Must(p.http.Do(r))(p)
	defer resp.Body.Close()
	return resp.StatusCode, string(e2e.Must(io.ReadAll(resp.Body))(p))
}

// scan is the path in the code that the lab's page shows, when it does.
func (p phone) scan() string {
	p.Helper()
	resp := e2e.Must(p.http.Get(p.origin + "/lab/events"))(p)
	defer resp.Body.Close()
	event := ""
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		if name == "event" {
			event = value
		}
		var code struct{ Complete string }
		if name == "data" && event == "code" && json.Unmarshal([]byte(value), &code) == nil && code.Complete != "" {
			return strings.TrimPrefix(code.Complete, p.origin)
		}
	}
	p.Fatal("the page shows no code")
	return ""
}

// approve goes where a code leads to.
func (p phone) approve(path string) {
	p.Helper()
	_, page := p.open("GET", path, nil)
	_, page = p.open("POST", "/signin", e2e.Form(page, "username", "alice", "password", "alice"))
	if _, page = p.open("POST", "/consent", e2e.Form(page, "decision", "approve")); !strings.Contains(page, `data-outcome="approved"`) {
		p.Fatalf("after the consent:\n%s", page)
	}
}
