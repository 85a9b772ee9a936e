package hooks

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/paird/paird/agent/internal/child"
)

const (
	waiting   = 32   // events that may wait for a program that is still busy with another
	maxOutput = 4096 // bytes of output kept for the debug log
)

// Options describe the hook.
type Options struct {
	Command []string      // program and arguments; empty: events are thrown away
	Timeout time.Duration // for one run; 0: 10 s
	Env     []string      // KEY=value on top of PATH, LANG and such
	Log     *slog.Logger  // nil: nothing is logged
}

// Runner feeds events to the program, one after the other.
type Runner struct {
	command []string
	timeout time.Duration
	env     []string
	log     *slog.Logger
	wake    chan struct{}

	mu      sync.Mutex
	queue   [][]byte
	failure string
}

// New returns a Runner; programs start only inside Run.
func New(o Options) *Runner {
	r := &Runner{command: o.Command, timeout: o.Timeout, env: append(environment(), o.Env...), log: o.Log, wake: make(chan struct{}, 1)}
	if r.timeout <= 0 {
		r.timeout = 10 * time.Second
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	return r
}

// Event hands over one event's JSON. It never blocks; payload is copied.
func (r *Runner) Event(payload []byte) {
	if len(r.command) == 0 {
		return
	}
	r.mu.Lock()
	if len(r.queue) == waiting {
		r.queue = slices.Delete(r.queue, 0, 1)
		r.log.Warn("hook is too slow: an event was dropped", "program", r.command[0])
	}
	r.queue = append(r.queue, slices.Clone(payload))
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run serves events until ctx ends, which also ends a program that is running. It returns ctx's error.
func (r *Runner) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.wake:
		}
		for payload, ok := r.next(); ok && ctx.Err() == nil; payload, ok = r.next() {
			r.note(ctx, r.run(ctx, payload))
		}
	}
}

func (r *Runner) next() (payload []byte, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.queue) == 0 {
		return nil, false
	}
	payload = r.queue[0]
	r.queue = slices.Delete(r.queue, 0, 1)
	return payload, true
}

// run starts the program, gives it the event on standard input and waits for its end.
func (r *Runner) run(ctx context.Context, payload []byte) error {
	out, stderr, err := child.Program{
		Command: r.command, Env: r.env, Dir: "/", Stdin: payload,
		Timeout: r.timeout, MaxOutput: maxOutput, CutOutput: true,
	}.Run(ctx)
	r.log.Debug("hook ran", "program", r.command[0], "err", err, "output", string(out), "stderr", string(stderr))
	return err
}

// environment has the variables for finding programs and for the user's language and time zone, and no
// others.
func environment() []string {
	return child.Environ("PATH", "LANG", "LC_*", "TZ", "HOME", "TMPDIR")
}

// note keeps the last failure. It is logged on change only: a missing program would fill the log.
func (r *Runner) note(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return // the shutdown ended the program
	}
	failure := ""
	if err != nil {
		failure = fmt.Sprintf("hook %s: %v", r.command[0], err)
	}
	r.mu.Lock()
	changed := failure != r.failure
	r.failure = failure
	r.mu.Unlock()
	if changed && err != nil {
		r.log.Warn("hook failed", "program", r.command[0], "err", err)
	}
}
