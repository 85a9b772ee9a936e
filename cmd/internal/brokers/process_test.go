//go:build real

package brokers

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for something that must happen, but for the arrival of all messages.
const patience = 60 * time.Second

// process is a program that runs beside the test and ends with it.
type process struct {
	cmd   *exec.Cmd
	lines chan string // of standard output and error; closed at the end
	done  chan struct{}
	quit  chan struct{} // nobody reads lines any more
	end   sync.Once

	mu   sync.Mutex
	said []string // the last lines
}

// start runs a program in a process group of its own. A missing program fails the test.
func start(t *testing.T, env []string, name string, args ...string) *process {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%v: run scripts/setup-brokers.sh", err)
	}
	p := &process{cmd: exec.Command(path, args...), lines: make(chan string, 1<<15), done: make(chan struct{}), quit: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = in, in
	err = p.cmd.Start()
	in.Close()
	if err != nil {
		t.Fatal(err)
	}
	go p.read(out)
	go func() {
		p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() { p.stop(t) })
	return p
}

func (p *process) read(out io.ReadCloser) {
	defer out.Close()
	defer close(p.lines)
	for s := bufio.NewScanner(out); s.Scan(); {
		p.note(s.Text())
		select {
		case p.lines <- s.Text():
		case <-p.quit: // read on: the program must not block
		}
	}
}

func (p *process) note(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.said) == 60 {
		p.said = p.said[1:]
	}
	p.said = append(p.said, fmt.Sprintf("%.200s", line))
}

// stop ends the program as systemd would, and shows what it said last if the test failed.
func (p *process) stop(t *testing.T) {
	p.end.Do(func() {
		close(p.quit)
		p.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.done:
		case <-time.After(patience):
			t.Errorf("%s does not end at SIGTERM", p.cmd.Path)
		}
		p.kill()
		if t.Failed() {
			p.mu.Lock()
			defer p.mu.Unlock()
			t.Logf("%s said last:\n%s", filepath.Base(p.cmd.Path), strings.Join(p.said, "\n"))
		}
	})
}

// kill is kill -9, of the program and what it started.
func (p *process) kill() {
	syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
}

// expect waits for a line that has text in it.
func (p *process) expect(text string) error {
	for limit := time.After(patience); ; {
		select {
		case line, ok := <-p.lines:
			if !ok {
				return fmt.Errorf("%s ended while the test waited for %q", p.cmd.Path, text)
			}
			if strings.Contains(line, text) {
				return nil
			}
		case <-limit:
			return fmt.Errorf("%s does not say %q within %v", p.cmd.Path, text, patience)
		}
	}
}

// await is expect for what the test cannot do without.
func (p *process) await(t *testing.T, text string) {
	t.Helper()
	if err := p.expect(text); err != nil {
		t.Fatal(err)
	}
}

// must ends the test where a call that cannot fail here does.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// write puts a file into dir.
func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
