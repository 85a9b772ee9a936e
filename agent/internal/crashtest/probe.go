package crashtest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

const (
	probeWait = 2 * time.Second // for a file that makes the probe hang
	serve     = "serve-probes"  // the argument of a test program that serves probes
)

// Probe returns a probe of files that runs in one process for all of them: this test program, whose TestMain calls
// ServeProbes. A process for each file, as in a daemon, would cost a test of thousands of them minutes. A
// file that kills it, or makes it hang, is damaged, and the next one gets a new process.
func Probe(t testing.TB) func(ctx context.Context, path string) error {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &prober{exe: exe}
	t.Cleanup(p.stop)
	return p.probe
}

// ServeProbes returns unless Probe has started this program. Then it probes each path that comes in on standard input,
// prints its exit code, and ends the program.
func ServeProbes(probe func(path string) int) {
	if len(os.Args) != 2 || os.Args[1] != serve {
		return
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		fmt.Println(probe(in.Text()))
	}
	os.Exit(0)
}

type prober struct {
	exe string
	mu  sync.Mutex
	cmd *exec.Cmd // nil: not running
	in  io.WriteCloser
	out *bufio.Reader
}

func (p *prober) probe(ctx context.Context, path string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.start(); err != nil {
		return err
	}
	limit := time.AfterFunc(probeWait, func() { _ = p.cmd.Process.Kill() })
	defer limit.Stop()
	_, err := fmt.Fprintln(p.in, path)
	var code string
	if err == nil {
		code, err = p.out.ReadString('\n')
	}
	switch {
	case err != nil:
		p.end()
		return fmt.Errorf("the probe died or hung: %w", err)
	case code != "0\n":
		return fmt.Errorf("the probe's outcome is %s", code)
	}
	return nil
}

func (p *prober) start() (err error) {
	if p.cmd != nil {
		return nil
	}
	cmd := exec.Command(p.exe, serve)
	if p.in, err = cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	p.out = bufio.NewReader(out)
	if err := cmd.Start(); err != nil {
		return err
	}
	p.cmd = cmd
	return nil
}

func (p *prober) end() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	_ = p.cmd.Wait()
	p.cmd = nil
}

func (p *prober) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		p.end()
	}
}
