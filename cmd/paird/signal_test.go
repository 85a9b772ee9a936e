package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/provider/providertest"
)

// startDaemon runs `paird run` with that configuration and waits until it is ready. The socket is that of its control API.
func startDaemon(t *testing.T, text string, output io.Writer) (cmd *exec.Cmd, notify *notifySocket, socket string) {
	t.Helper()
	dir := t.TempDir()
	notify, err := listenNotify(dir + "/notify")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { notify.Close() })
	socket = dir + "/sock"
	text += fmt.Sprintf("[device]\nstate_dir = %q\n[control]\nsocket = %q\n", dir+"/state", socket)
	if err := os.WriteFile(dir+"/paird.toml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command("paird", "run", "--config", dir+"/paird.toml")
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+dir+"/notify", "GORACE=atexit_sleep_ms=10")
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := notify.await("READY=1"); err != nil {
		t.Error(err)
	}
	return cmd, notify, socket
}

// TestTermination: SIGHUP is ignored, SIGTERM ends the daemon within two seconds, with exit code 0; its log was JSON.
func TestTermination(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	cmd, notify, socket := startDaemon(t, fmt.Sprintf("[auth]\nissuer = %q\nclient_id = \"printer\"\nstart = \"auto\"\n[mqtt]\nspread = \"0s\"\n[log]\nlevel = \"debug\"\n",
		providertest.New(t, nil).URL), &log)
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Error(err)
	}
	if _, err := control.NewClient(socket).Status(t.Context()); err != nil {
		t.Errorf("after SIGHUP: %v", err)
	}
	began := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := notify.await("STOPPING=1"); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, &log)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %v to stop", took)
	}
	if !strings.Contains(log.String(), "SIGHUP is ignored") {
		t.Error("the log does not say that SIGHUP is ignored")
	}
	for line := range strings.Lines(log.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
}

// TestReaderOfTheLogGoes: a daemon whose standard error nothing reads any more still answers, and stops as ever.
func TestReaderOfTheLogGoes(t *testing.T) {
	t.Parallel()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd, _, socket := startDaemon(t, "[auth]\nissuer = \"https://auth.example.com\"\nclient_id = \"printer\"\n", write)
	write.Close()
	read.Close()
	for range 3 { // each writes a line
		if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Error(err)
		}
		if _, err := control.NewClient(socket).Status(t.Context()); err != nil {
			t.Errorf("with a closed log: %v", err)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the daemon ended by %v", err)
	}
}
