package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Process is a program that runs beside the test and ends with it. Its standard output and error are read as lines.
type Process struct {
	Cmd   *exec.Cmd
	Stdin io.WriteCloser
	end   sync.Once
	done  chan struct{} // closed when the program has ended and all its lines are read

	mu   sync.Mutex
	said []string      // all lines so far
	next int           // the first that Line has not given
	more chan struct{} // closed, and made again, when a line comes or the program ends
}

// Start runs a program in a process group of its own; env is added to the test's environment. A missing program
// fails the test: its make target installs what it needs.
func Start(t testing.TB, env []string, name string, args ...string) *Process {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%v: the make target of this test installs it", err)
	}
	p := &Process{Cmd: exec.Command(path, args...), done: make(chan struct{}), more: make(chan struct{})}
	p.Cmd.Env = append(os.Environ(), env...)
	p.Cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.Stdin = Must(p.Cmd.StdinPipe())(t)
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.Cmd.Stdout, p.Cmd.Stderr = in, in
	err = p.Cmd.Start()
	in.Close()
	if err != nil {
		t.Fatal(err)
	}
	go p.read(out)
	t.Cleanup(func() { p.Stop(t) })
	return p
}

func (p *Process) read(out io.ReadCloser) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.mu.Lock()
		p.said = append(p.said, lines.Text())
		close(p.more)
		p.more = make(chan struct{})
		p.mu.Unlock()
	}
	out.Close()
	p.Cmd.Wait()
	close(p.done)
}

// Line is the next line. At the program's end it is io.EOF, and ctx's error when ctx ends first.
func (p *Process) Line(ctx context.Context) (string, error) {
	for {
		p.mu.Lock()
		if p.next < len(p.said) {
			defer p.mu.Unlock()
			p.next++
			return p.said[p.next-1], nil
		}
		more := p.more
		p.mu.Unlock()
		select {
		case <-more:
		case <-p.done:
			if !p.unread() {
				return "", io.EOF
			}
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

func (p *Process) unread() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.next < len(p.said)
}

// Find is the first line from now on that want accepts.
func (p *Process) Find(want func(line string) bool) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), WaitLimit)
	defer cancel()
	for {
		line, err := p.Line(ctx)
		if err != nil || want(line) {
			return line, err
		}
	}
}

// Expect waits for a line that has text in it. Unlike Await it may be called outside the test's own goroutine.
func (p *Process) Expect(text string) error {
	_, err := p.Find(func(line string) bool { return strings.Contains(line, text) })
	if err != nil {
		err = fmt.Errorf("%s does not say %q: %w", p.Cmd.Path, text, err)
	}
	return err
}

// Await ends the test unless want accepts a line, which it returns.
func (p *Process) Await(t testing.TB, what string, want func(line string) bool) string {
	t.Helper()
	line, err := p.Find(want)
	if err != nil {
		t.Fatalf("%s, waiting for %s: %v", p.Cmd.Path, what, err)
	}
	return line
}

// AwaitText ends the test unless a line with text in it comes.
func (p *Process) AwaitText(t testing.TB, text string) {
	t.Helper()
	if err := p.Expect(text); err != nil {
		t.Fatal(err)
	}
}

// Count is how many lines so far have text in them.
func (p *Process) Count(text string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, line := range p.said {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Stop ends the program as systemd would, and shows what it said last if the test failed.
func (p *Process) Stop(t testing.TB) {
	p.end.Do(func() {
		p.Cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.done:
		case <-time.After(WaitLimit):
			t.Errorf("%s does not end at SIGTERM", p.Cmd.Path)
			p.Kill()
		}
		if t.Failed() {
			p.mu.Lock()
			defer p.mu.Unlock()
			t.Logf("%s said last:\n%.20000s", filepath.Base(p.Cmd.Path), strings.Join(p.said[max(0, len(p.said)-100):], "\n"))
		}
	})
}

// Kill is kill -9, of the program and what it started.
func (p *Process) Kill() {
	select {
	case <-p.done: // its number may be another program's by now
	default:
		syscall.Kill(-p.Cmd.Process.Pid, syscall.SIGKILL)
	}
	<-p.done
}

// Text is all that the program has said so far.
func (p *Process) Text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.said, "\n")
}

// Run runs a program to its end and returns what it prints and its exit code; where it fails, with its errors.
func Run(t testing.TB, name string, args ...string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*WaitLimit)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(out) + string(exit.Stderr), exit.ExitCode()
	}
	if err != nil {
		t.Fatalf("%v: the make target of this test installs it", err)
	}
	return string(out), 0
}
