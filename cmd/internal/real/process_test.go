//go:build real

package real

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for something that must happen.
const patience = 30 * time.Second

// process is a program that runs beside the test and ends with it.
type process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines chan string // of standard output and error; closed at the end

	mu   sync.Mutex
	said []string // all lines so far
	done chan struct{}
	err  error // of Wait, once done is closed
}

// start runs a program whose output the test watches. A missing program fails the test.
func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%v: run scripts/setup-real.sh", err)
	}
	p := &process{cmd: exec.Command(path, args...), lines: make(chan string, 4096), done: make(chan struct{})}
	p.stdin = must(p.cmd.StdinPipe())(t)
	out, in := must2(os.Pipe())(t)
	p.cmd.Stdout, p.cmd.Stderr = in, in
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	var read sync.WaitGroup
	read.Go(func() { p.read(out) })
	go func() {
		read.Wait()
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() { p.stop(t, name) })
	return p
}

func (p *process) read(out io.Reader) {
	for s := bufio.NewScanner(out); s.Scan(); {
		p.mu.Lock()
		p.said = append(p.said, s.Text())
		p.mu.Unlock()
		select {
		case p.lines <- s.Text():
		default: // nobody waits for lines any more
		}
	}
	close(p.lines)
}

// stop ends the program as systemd would, and shows what it said if the test failed.
func (p *process) stop(t *testing.T, name string) {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(patience):
		t.Errorf("%s does not end at SIGTERM", name)
		p.cmd.Process.Kill()
		<-p.done
	}
	if t.Failed() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, line := range p.said {
			t.Logf("%s: %s", filepath.Base(name), line)
		}
	}
}

// await returns the first line from now on that want accepts.
func (p *process) await(t *testing.T, what string, want func(line string) bool) string {
	t.Helper()
	limit := time.After(patience)
	for {
		select {
		case line, ok := <-p.lines:
			switch {
			case !ok:
				t.Fatalf("the program ended while the test waited for %s", what)
			case want(line):
				return line
			}
		case <-limit:
			t.Fatalf("no %s within %s", what, patience)
		}
	}
}

// run runs a program to its end and returns its exit code and what it prints; where it fails, with its complaints.
func run(t *testing.T, name string, args ...string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(out) + string(exit.Stderr), exit.ExitCode()
	}
	if err != nil {
		t.Fatalf("%v: run scripts/setup-real.sh", err)
	}
	return string(out), 0
}

// eventually asks until the answer is yes.
func eventually(t *testing.T, what string, ask func() bool) {
	t.Helper()
	limit := time.Now().Add(patience)
	for !ask() {
		if time.Now().After(limit) {
			t.Fatalf("not within %s: %s", patience, what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func must2[A, B any](a A, b B, err error) func(*testing.T) (A, B) {
	return func(t *testing.T) (A, B) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return a, b
	}
}
