// Package child runs a program with bounds on its time, its output and its children.
//
// child.go runs it; group_unix.go and group_other.go kill it with its children.
package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// grace is how long Run waits, after the program's end, for pipes that a child of it holds open.
const grace = 500 * time.Millisecond

// Errors of Run, beside those of os/exec.
var (
	ErrTimeout = errors.New("killed: it ran into its time limit")
	ErrOutput  = errors.New("it prints too much")
)

// Program is what to run. Command is a path and its arguments; no shell is used.
type Program struct {
	Command   []string
	Env       []string      // nil: none of this process's
	Dir       string        // "": this process's
	Stdin     []byte        // empty: nothing to read
	Timeout   time.Duration // for the whole run
	MaxOutput int           // bytes kept of standard output and of standard error each
	CutOutput bool          // more output is dropped; otherwise it ends the program with ErrOutput
}

// Run starts the program, waits for its end and returns what it printed. The program leads a process
// group of its own, and the whole group is killed at the end, so that no child of it stays behind.
// A time limit gives ErrTimeout; the end of ctx gives the error of ctx.
func (p Program) Run(ctx context.Context) (stdout, stderr []byte, err error) {
	limited, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	out, errs := &head{limit: p.MaxOutput, cut: p.CutOutput}, &head{limit: p.MaxOutput, cut: true}
	cmd := exec.CommandContext(limited, p.Command[0], p.Command[1:]...)
	cmd.Env, cmd.Dir = append([]string{}, p.Env...), p.Dir
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(p.Stdin), out, errs
	own(cmd)
	cmd.Cancel = func() error { return killGroup(cmd) }
	cmd.WaitDelay = grace
	err = cmd.Run()
	if cmd.Process != nil {
		_ = killGroup(cmd)
	}
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case limited.Err() != nil:
		err = fmt.Errorf("%w of %v", ErrTimeout, p.Timeout)
	case errors.Is(err, exec.ErrWaitDelay):
		err = nil // its work was done; a child that it left behind was killed
	}
	return out.b, errs.b, err
}

// Environ is this process's environment, reduced to the named variables; "LC_*" names all with that
// prefix. The rest stays here: $CREDENTIALS_DIRECTORY leads to secrets, $NOTIFY_SOCKET to the supervisor.
func Environ(names ...string) []string {
	env := []string{}
	for _, kv := range os.Environ() {
		k, _, _ := strings.Cut(kv, "=")
		for _, name := range names {
			prefix, any := strings.CutSuffix(name, "*")
			if k == name || any && strings.HasPrefix(k, prefix) {
				env = append(env, kv)
				break
			}
		}
	}
	return env
}

// head keeps the first bytes of what is written to it. It embeds no buffer: io.Copy would find its ReadFrom.
type head struct {
	limit int
	cut   bool
	b     []byte
}

func (h *head) Write(p []byte) (int, error) {
	room := h.limit - len(h.b)
	if len(p) > room && !h.cut {
		return 0, ErrOutput
	}
	h.b = append(h.b, p[:min(len(p), room)]...)
	return len(p), nil
}
