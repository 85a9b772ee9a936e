package hooks

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

const (
	maxOutput = 4096                   // bytes of output kept for the debug log
	lastWords = 500 * time.Millisecond // for pipes that a daemonised grandchild holds open
)

// errTimeout is what a run returns that took too long.
var errTimeout = errors.New("killed: it ran into its time limit")

// run starts the program, feeds it payload and waits for its end.
func (r *Runner) run(ctx context.Context, payload []byte) error {
	limited, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	out := &head{max: maxOutput}
	cmd := exec.CommandContext(limited, r.command[0], r.command[1:]...)
	cmd.Env, cmd.Dir = r.env, "/"
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(payload), out, out
	cmd.WaitDelay = lastWords
	ownGroup(cmd)

	err := cmd.Run()
	killGroup(cmd)
	r.log.Debug("hook ran", "program", r.command[0], "err", err, "output", out.String())
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil:
		return fmt.Errorf("%w of %v", errTimeout, r.timeout)
	case errors.Is(err, exec.ErrWaitDelay):
		return nil // it did its work and left a child behind, which is gone now
	}
	return err
}

// environment passes on what a program needs to find others and to speak the right language, and
// nothing else: $CREDENTIALS_DIRECTORY leads to this daemon's secrets, $NOTIFY_SOCKET to its supervisor.
func environment(extra []string) []string {
	env := []string{}
	for _, kv := range os.Environ() {
		k, _, _ := strings.Cut(kv, "=")
		if k == "PATH" || k == "LANG" || k == "TZ" || k == "HOME" || k == "TMPDIR" || strings.HasPrefix(k, "LC_") {
			env = append(env, kv)
		}
	}
	return append(env, extra...)
}

// head keeps the beginning of what is written to it.
type head struct {
	max int
	buf []byte
}

func (h *head) Write(p []byte) (int, error) {
	h.buf = append(h.buf, p[:min(len(p), h.max-len(h.buf))]...)
	return len(p), nil
}

func (h *head) String() string { return string(h.buf) }
