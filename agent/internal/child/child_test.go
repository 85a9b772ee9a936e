//go:build unix

package child

import (
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

func shell(script string) Program {
	return Program{Command: []string{"/bin/sh", "-c", script}, Timeout: 10 * time.Second, MaxOutput: 100}
}

func TestRun(t *testing.T) {
	p := shell("cat; echo oops >&2; echo $HOME")
	p.Stdin = []byte("in ")
	out, stderr, err := p.Run(t.Context())
	if string(out) != "in \n" || string(stderr) != "oops\n" || err != nil {
		t.Errorf("%q %q %v", out, stderr, err)
	}
	if _, _, err := shell("exit 3").Run(t.Context()); err == nil || !strings.Contains(err.Error(), "3") {
		t.Error(err)
	}
	p.Command = []string{"/nonexistent"}
	if _, _, err := p.Run(t.Context()); err == nil {
		t.Error("no error")
	}
}

func TestBounds(t *testing.T) {
	p := shell("exec sleep 100")
	p.Timeout = 20 * time.Millisecond
	if _, _, err := p.Run(t.Context()); !errors.Is(err, ErrTimeout) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := shell("true").Run(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	p = shell("head -c 200 /dev/zero")
	if _, _, err := p.Run(t.Context()); err == nil {
		t.Error("too much output was taken")
	}
	p.CutOutput = true
	if out, _, err := p.Run(t.Context()); len(out) != 100 || err != nil {
		t.Error(len(out), err)
	}
}

// A child that outlives the program is killed, and does not keep Run waiting.
func TestChildrenAreKilled(t *testing.T) {
	out, _, err := shell("sleep 1000 & echo $!").Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pid := strings.TrimSpace(string(out))
	for range 100 { // init reaps it, or it stays as a zombie
		state, err := exec.Command("/bin/sh", "-c", "cut -d' ' -f3 /proc/"+pid+"/stat").Output()
		if err != nil || len(state) == 0 || state[0] == 'Z' {
			return
		}
	}
	t.Errorf("process %s runs", pid)
}

func TestEnviron(t *testing.T) {
	t.Setenv("LC_TEST", "x")
	t.Setenv("CREDENTIALS_DIRECTORY", "/secret")
	env := Environ("PATH", "LC_*")
	if !slices.Contains(env, "LC_TEST=x") || slices.ContainsFunc(env, func(s string) bool { return strings.HasPrefix(s, "CRED") }) {
		t.Error(env)
	}
}
