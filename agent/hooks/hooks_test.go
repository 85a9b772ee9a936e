//go:build linux

package hooks

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/agent/internal/child"
	"golang.org/x/sys/unix"
)

// TestMain lets the test binary play the hook: PAIRD_TEST_HOOK says which one.
func TestMain(m *testing.M) {
	if role := os.Getenv("PAIRD_TEST_HOOK"); role != "" {
		os.Exit(program(role, os.Args[1:]))
	}
	os.Exit(m.Run())
}

// program is the hook. Each role reports by writing to the file or FIFO named by its first argument.
func program(role string, args []string) int {
	report, err := os.OpenFile(args[0], os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return 9
	}
	in, _ := io.ReadAll(os.Stdin)
	switch role {
	case "copy":
		fmt.Fprintf(report, "%s\n", in)
	case "env":
		fmt.Fprintf(report, "%s\n", strings.Join(os.Environ(), "\x00"))
	case "fail":
		fmt.Fprintf(os.Stderr, "no paper\n")
		fmt.Fprintln(report, "failed")
		return 3
	case "loud":
		os.Stdout.WriteString(strings.Repeat("x", 1<<20))
		fmt.Fprintln(report, "shouted")
	case "hang", "leave":
		child := exec.Command("sleep", "600") // holds our output open
		child.Stdout = os.Stdout
		if child.Start() != nil {
			return 8
		}
		fmt.Fprintf(report, "%d\n", child.Process.Pid)
		if role == "hang" {
			_ = child.Wait()
		}
	}
	return 0
}

// start runs a Runner whose program plays role; lines come from what the program reports.
func start(t *testing.T, role string, o Options) (*Runner, *bufio.Reader) {
	t.Helper()
	fifo := filepath.Join(t.TempDir(), "report")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(fifo, os.O_RDWR, 0) // read-write: opening does not wait for a writer
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o.Command = []string{self, fifo}
	o.Env = append(o.Env, "PAIRD_TEST_HOOK="+role, "GORACE=atexit_sleep_ms=0")
	r := New(o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
		f.Close()
	})
	return r, bufio.NewReader(f)
}

func line(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	s, err := r.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(s, "\n")
}

func TestEventsInOrder(t *testing.T) {
	r, report := start(t, "copy", Options{})
	for i := range 5 {
		r.Event(fmt.Appendf(nil, `{"n":%d}`, i))
	}
	for i := range 5 {
		if got, want := line(t, report), fmt.Sprintf(`{"n":%d}`, i); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}

func TestEnvironmentHoldsNoCredentials(t *testing.T) {
	t.Setenv("CREDENTIALS_DIRECTORY", "/run/credentials/paird")
	t.Setenv("NOTIFY_SOCKET", "/run/notify")
	t.Setenv("LANG", "de_DE.UTF-8")
	t.Setenv("LC_TIME", "C")
	r, report := start(t, "env", Options{Env: []string{"PAIRD_DEVICE=dev1"}})
	r.Event([]byte("{}"))
	got := map[string]string{}
	for kv := range strings.SplitSeq(line(t, report), "\x00") {
		k, v, _ := strings.Cut(kv, "=")
		got[k] = v
	}
	for _, k := range []string{"CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET"} {
		if _, there := got[k]; there {
			t.Errorf("%s reached the program", k)
		}
	}
	for k, v := range map[string]string{"PATH": os.Getenv("PATH"), "LANG": "de_DE.UTF-8", "LC_TIME": "C", "PAIRD_DEVICE": "dev1"} {
		if got[k] != v {
			t.Errorf("%s=%q, want %q", k, got[k], v)
		}
	}
}

// settled calls run directly, so that the outcome is there when it returns.
func settled(t *testing.T, role string, o Options) (*Runner, *bufio.Reader, error) {
	t.Helper()
	r, report := start(t, role, o)
	err := r.run(t.Context(), []byte("{}"))
	r.note(t.Context(), err)
	return r, report, err
}

func TestFailureIsReported(t *testing.T) {
	r, report, err := settled(t, "fail", Options{})
	line(t, report)
	if _, ok := errors.AsType[*exec.ExitError](err); !ok {
		t.Fatalf("%v is no exit error", err)
	}
	if got := r.failure; !strings.HasPrefix(got, "hook ") || !strings.HasSuffix(got, "exit status 3") {
		t.Errorf("failure %q", got)
	}
	r.note(t.Context(), nil)
	if got := r.failure; got != "" {
		t.Errorf("after a success: %q", got)
	}
}

func TestMissingProgram(t *testing.T) {
	r := New(Options{Command: []string{"/nonexistent/hook"}})
	r.note(t.Context(), r.run(t.Context(), nil))
	if got := r.failure; !strings.Contains(got, "no such file") {
		t.Errorf("failure %q", got)
	}
}

func TestTimeLimitKillsTheGroup(t *testing.T) {
	began := time.Now()
	_, report, err := settled(t, "hang", Options{Timeout: 500 * time.Millisecond})
	if !errors.Is(err, child.ErrTimeout) {
		t.Fatalf("%v, want the time limit", err)
	}
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("took %v", d)
	}
	gone(t, line(t, report))
}

func TestChildLeftBehindIsKilled(t *testing.T) {
	_, report, err := settled(t, "leave", Options{})
	if err != nil {
		t.Fatal(err)
	}
	gone(t, line(t, report))
}

// gone waits for the end of a process that has been killed.
func gone(t *testing.T, pid string) {
	t.Helper()
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.PidfdOpen(n, 0)
	if errors.Is(err, unix.ESRCH) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	ended := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	if n, err := unix.Poll(ended, 5000); n != 1 || err != nil {
		t.Errorf("process %s still runs: %v", pid, err)
	}
}

func TestOutputIsBounded(t *testing.T) {
	var log bytes.Buffer
	o := Options{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	_, report, err := settled(t, "loud", o)
	if err != nil || line(t, report) != "shouted" {
		t.Fatal(err)
	}
	if n := strings.Count(log.String(), "x"); n < maxOutput || n > maxOutput+100 {
		t.Errorf("%d bytes of output logged, want %d", n, maxOutput)
	}
}

func TestOutputIsLoggedAtDebugOnly(t *testing.T) {
	var log bytes.Buffer
	r, _, _ := settled(t, "fail", Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if s := log.String(); strings.Contains(s, "no paper") || !strings.Contains(s, "hook failed") {
		t.Errorf("log at info: %s", s)
	}
	before := log.Len()
	r.note(t.Context(), errors.New("exit status 3"))
	if log.Len() != before {
		t.Error("the same failure was logged twice")
	}
}

func TestEventNeverBlocksAndDropsTheOldest(t *testing.T) {
	var log bytes.Buffer
	r := New(Options{Command: []string{"/bin/true"}, Log: slog.New(slog.NewTextHandler(&log, nil))}) // Run is not called
	for i := range waiting + 10 {
		r.Event(fmt.Append(nil, i))
	}
	if n := strings.Count(log.String(), "an event was dropped"); n != 10 {
		t.Errorf("%d reported as dropped, want 10", n)
	}
	if first, _ := r.next(); string(first) != "10" {
		t.Errorf("first is %s, want 10", first)
	}
}

func TestNoCommand(t *testing.T) {
	r := New(Options{})
	r.Event([]byte("{}"))
	if _, ok := r.next(); ok {
		t.Error("an event was kept for no program")
	}
}
