//go:build real

package booted

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/internal/provider/providertest"
)

// onTheBoard are the README's commands for a board, from the package on, as they stand there without their comments.
func onTheBoard(t *testing.T) []string {
	t.Helper()
	text := string(e2e.Must(os.ReadFile(filepath.Join(root, "README.md")))(t))
	_, text, found := strings.Cut(text, "Then on the board:\n\n```sh\n")
	if !found {
		t.Fatal("the README does not say what to do on the board")
	}
	text, _, _ = strings.Cut(text, "```")
	var all []string
	for line := range strings.Lines(text) {
		command, _, _ := strings.Cut(line, " #")
		all = append(all, strings.TrimSpace(command))
	}
	return all
}

// A newcomer has a Debian, the package and the README, and follows it to the letter: the answers to what `paird init` asks
// are the newcomer's own, and the package is that for this machine.
func TestNewcomer(t *testing.T) {
	t.Parallel()
	p := providertest.New(t, nil)
	p.Always(provider.Approve)
	m := Boot(t, root)
	m.Do("useradd", "--create-home", "--shell", "/bin/bash", "pi")
	m.Write("/etc/sudoers.d/pi", 0o440, []byte("pi ALL=(ALL) NOPASSWD: ALL\n"))
	m.Put(e2e.Program(deb), "/home/pi/paird_0.1.0_"+runtime.GOARCH+".deb", 0o644)
	commands := onTheBoard(t)
	if len(commands) < 5 || len(commands) > 10 {
		t.Fatalf("%d commands: %q", len(commands), commands)
	}
	var seen strings.Builder
	for _, command := range commands {
		out, code := m.typed(strings.ReplaceAll(command, "arm64", runtime.GOARCH), p.URL)
		want := 0
		if strings.Contains(command, "journalctl") {
			want = 124 // it follows the log until it is ended
		}
		if code != want {
			t.Fatalf("%s: exit %d: %s", command, code, out)
		}
		seen.WriteString(out)
	}
	for _, want := range []string{"Recipe, or nothing", "Paired as alice-1", `"msg":"paired"`} {
		if !strings.Contains(seen.String(), want) {
			t.Errorf("the newcomer does not see %q in\n%s", want, seen.String())
		}
	}
	if s := m.status("pi"); !e2e.Paired(s) {
		t.Errorf("not paired: %+v", s)
	}
	if out, code := m.Run("runuser", "--login", "pi", "--command", "paird token"); code != 0 {
		t.Errorf("a user of the group gets no token: exit %d: %s", code, out)
	}
}

// typed is a command that pi types on a terminal, with the answers to the questions of `paird init`: no recipe, the issuer,
// the client, no panel, no button, and yes.
func (m *Machine) typed(command, issuer string) (string, int) {
	m.Helper()
	limit := "60"
	if strings.Contains(command, "journalctl") {
		limit = "6"
	}
	onTerminal := "cd && timeout --foreground " + limit + " script --quiet --return --command '" + command + "' /dev/null"
	cmd := m.command("runuser", "--login", "pi", "--command", onTerminal)
	cmd.Stdin = strings.NewReader("\n" + issuer + "\nprinter\n\n\ny\n")
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		m.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}
