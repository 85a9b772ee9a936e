//go:build real

package elsewhere

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/internal/provider/providertest"
)

// The commands of a laptop, from the first to the last. What one leaves in the user's folder is what the next finds.
func TestCommands(t *testing.T) {
	fresh(t)
	p := providertest.New(t, nil)
	p.Always(provider.Approve)
	login := []string{"login", "--issuer", p.URL, "--client-id", "cli", "--scope", "openid profile offline_access"}
	for _, step := range []struct {
		args []string
		code int
		says string // in the output, or in the errors where it fails
	}{
		{[]string{"--version"}, 0, "paird "},
		{[]string{"--help"}, 0, "login"},
		{[]string{"run"}, 1, "paird: run needs Linux"},
		{[]string{"status"}, 4, "run `paird login`"},
		{[]string{"token"}, 4, "run `paird login`"},
		{login, 0, "Paired as Alice."},
		{[]string{"status"}, 0, "paired"},
		{[]string{"logout"}, 0, "Signed out."},
		{[]string{"token"}, 4, "run `paird login`"},
		{[]string{"logout"}, 0, "Signed out."},
		{[]string{"login"}, 0, "Paired as Alice."}, // at the same server
		{login, 0, "Paired as Alice."},             // over a grant
		{[]string{"status", "--json"}, 0, `"paired"`},
	} {
		out, code := run(t, "paird.exe", step.args...)
		if code != step.code || !strings.Contains(out, step.says) {
			t.Errorf("paird %s: exit %d, want %d with %q:\n%s", strings.Join(step.args, " "), code, step.code, step.says, out)
		}
		if lines := strings.Count(out, "\n"); code != 0 && lines != 1 {
			t.Errorf("paird %s: its error has %d lines: %s", step.args[0], lines, out)
		}
		if leak := p.Leak(out, false); leak != "" || strings.Contains(out, "\x1b") {
			t.Errorf("paird %s prints %q, or escapes for colours where there is no terminal: %q", step.args[0], leak, out)
		}
	}
	if n := p.Count(provider.Revoked); n == 0 {
		t.Error("a logout revoked nothing")
	}
	token(t, p)
}

// token gets two tokens of a login, the second refreshed.
func token(t *testing.T, p *providertest.Server) {
	t.Helper()
	first, code := run(t, "paird.exe", "token")
	if code != 0 || p.Leak(first, false) == "" {
		t.Errorf("token: exit %d, no token of the server: %s", code, first)
	}
	second, code := run(t, "paird.exe", "token", "--fresh")
	if code != 0 || second == first || p.Count(provider.Refreshed) != 1 {
		t.Errorf("token --fresh: exit %d, %d refreshes: %s", code, p.Count(provider.Refreshed), second)
	}
}

// Commands at once: each gets a token of its own refresh, or says that the folder is in use. None ends the grant.
func TestBesideEachOther(t *testing.T) {
	fresh(t)
	p := providertest.New(t, nil)
	p.Always(provider.Approve)
	if out, code := run(t, "paird.exe", "login", "--issuer", p.URL, "--client-id", "cli"); code != 0 {
		t.Fatalf("login: exit %d: %s", code, out)
	}
	var got atomic.Int64
	t.Run("all", func(t *testing.T) {
		for range 3 {
			t.Run("token", func(t *testing.T) {
				t.Parallel()
				out, code := run(t, "paird.exe", "token", "--fresh")
				if code == 0 {
					got.Add(1)
				} else if !strings.Contains(out, "in use") {
					t.Errorf("exit %d: %s", code, out)
				}
			})
		}
	})
	if n := p.Count(provider.Refreshed); n == 0 || int64(n) != got.Load() || p.Count(provider.Reused) != 0 {
		t.Errorf("%d refreshes for %d tokens, %d reuses", n, got.Load(), p.Count(provider.Reused))
	}
	if out, code := run(t, "paird.exe", "token"); code != 0 {
		t.Errorf("afterwards: exit %d: %s", code, out)
	}
}

// On a console the QR code is drawn, and the console is asked to obey its escape sequences: it prints them otherwise. With
// NO_COLOR there is neither.
func TestConsole(t *testing.T) {
	for _, plain := range []string{"", "1"} {
		t.Setenv("NO_COLOR", plain)
		fresh(t)
		p := providertest.New(t, nil)
		p.Always(provider.Approve)
		out, _ := e2e.Run(t, "script", "--quiet", "--command", "stty cols 100 && exec "+wine+" "+e2e.Program("console.exe")+" "+e2e.Program("paird.exe")+
			" login --issuer "+p.URL+" --client-id cli", "/dev/null")
		if !strings.Contains(out, "Paired") || strings.Contains(out, "\x1b[30;107m") != (plain == "") || strings.Contains(out, "escapes obeyed: true") != (plain == "") {
			t.Errorf("NO_COLOR=%s:\n%s", plain, out)
		}
	}
}
