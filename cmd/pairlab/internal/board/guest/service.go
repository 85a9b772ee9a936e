//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/pairlab/internal/board/wire"
)

// limit bounds waits for what a busy machine may take long to do.
const limit = time.Minute

// service runs the daemon as the unit does: Type=notify, a watchdog, SIGTERM. Its output is the board's console.
type service struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when the daemon has ended
	mu    sync.Mutex
	pings int       // WATCHDOG=1 since the start
	last  time.Time // of these, or the start
}

// Start starts the daemon and returns once it says READY=1.
func (s *service) Start(o wire.Start, _ *bool) error {
	const path = "/run/notify"
	_ = os.Remove(path) // of the life before
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return err
	}
	cmd := exec.Command(o.Program, "run", "--config", o.Config)
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+path, "GOMEMLIMIT=96MiB", fmt.Sprint("WATCHDOG_USEC=", o.Watchdog.Microseconds()))
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	cmd.SysProcAttr = as(o.User)
	if err := give(o.User, path, "/run/paird", state); err != nil {
		return errors.Join(err, conn.Close())
	}
	if err := cmd.Start(); err != nil {
		return errors.Join(err, conn.Close())
	}
	s.cmd, s.ended, s.pings, s.last = cmd, make(chan struct{}), 0, time.Now()
	go func() {
		_ = cmd.Wait()
		close(s.ended)
		_ = conn.Close()
	}()
	ready := make(chan struct{})
	go s.listen(conn, ready)
	select {
	case <-ready:
		return nil
	case <-s.ended:
		return fmt.Errorf("the daemon ends before it is ready: %s", cmd.ProcessState)
	case <-time.After(limit):
		return errors.New("the daemon does not say READY=1")
	}
}

// give makes a user the owner of files, and of all below a folder, as RuntimeDirectory= and StateDirectory= do.
func give(user int, paths ...string) error {
	for _, path := range paths {
		err := filepath.WalkDir(path, func(path string, _ os.DirEntry, err error) error {
			return errors.Join(err, os.Lchown(path, user, user))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// as runs a program as a user without groups.
func as(user int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(user), Gid: uint32(user)}}
}

// Run runs a command.
func (s *service) Run(c wire.Command, o *wire.Output) error {
	cmd := exec.Command(c.Args[0], c.Args[1:]...)
	cmd.SysProcAttr = as(c.User)
	text, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		return err
	}
	*o = wire.Output{Text: string(text), Code: cmd.ProcessState.ExitCode()}
	return nil
}

// listen takes what the daemon notifies (sd_notify(3)).
func (s *service) listen(conn net.Conn, ready chan<- struct{}) {
	for b := make([]byte, 4096); ; {
		n, err := conn.Read(b)
		if err != nil {
			return
		}
		text := string(b[:n])
		s.mu.Lock()
		if strings.Contains(text, "WATCHDOG=1") {
			s.pings, s.last = s.pings+1, time.Now()
		}
		s.mu.Unlock()
		if strings.Contains(text, "READY=1") && ready != nil {
			close(ready)
			ready = nil
		}
	}
}

// Pings is how often the daemon has pinged, and how long it has not.
func (s *service) Pings(_ bool, p *wire.Pings) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	*p = wire.Pings{Count: s.pings, Silent: time.Since(s.last)}
	return nil
}

// Stop ends the daemon by SIGTERM; it is killed after a minute.
func (s *service) Stop(_ bool, e *wire.Ended) error { return s.end(syscall.SIGTERM, e) }

// Kill ends the daemon by SIGKILL.
func (s *service) Kill(_ bool, e *wire.Ended) error { return s.end(syscall.SIGKILL, e) }

func (s *service) end(sig os.Signal, e *wire.Ended) error {
	began := time.Now()
	_ = s.cmd.Process.Signal(sig) // it may have ended
	select {
	case <-s.ended:
		*e = wire.Ended{Code: s.cmd.ProcessState.ExitCode(), Took: time.Since(began)}
		return nil
	case <-time.After(limit):
		return errors.New("the daemon does not end")
	}
}

// socket is the default of control.socket.
const socket = "/run/paird/paird.sock"

// Status asks the daemon.
func (s *service) Status(_ bool, st *control.Status) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	*st, err = control.NewClient(socket).Status(ctx)
	return err
}

// Publish puts a message on the daemon's queue; no error means accepted.
func (s *service) Publish(m wire.Message, _ *bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return control.NewClient(socket).Publish(ctx, m.Topic, m.Payload)
}

// Refresh makes the daemon refresh its tokens now.
func (s *service) Refresh(_ bool, _ *bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	_, err := control.NewClient(socket).Token(ctx, "", 0, true)
	return err
}

// Cost is what the daemon holds and has used.
func (s *service) Cost(_ bool, c *wire.Cost) error {
	proc := fmt.Sprintf("/proc/%d/", s.cmd.Process.Pid)
	threads, err := filepath.Glob(proc + "task/*/status")
	for _, thread := range threads {
		n, e := field(thread, "voluntary_ctxt_switches:")
		c.Switches, err = c.Switches+n, errors.Join(err, e)
	}
	var e1, e2 error
	c.Resident, e1 = field(proc+"smaps_rollup", "Rss:")
	c.Anonymous, e2 = field(proc+"smaps_rollup", "Anonymous:")
	return errors.Join(err, e1, e2)
}

// field is the number after name at the start of a line.
func field(path, name string) (int, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, name); ok {
			return strconv.Atoi(strings.Fields(value)[0])
		}
	}
	return 0, fmt.Errorf("%s: no %s", path, name)
}
