//go:build real

package elsewhere

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paird/paird/cmd/internal/e2e"
)

const (
	root  = "../../.."
	wine  = root + "/scripts/wine.sh"
	users = root + "/build/wine/root/.wine/drive_c/users"
)

func TestMain(m *testing.M) {
	// As long as one program runs, Wine's services do. Else each command would start them, and end only after them.
	prompt := exec.Command(wine, "cmd.exe")
	in, err := prompt.StdinPipe()
	if err := errors.Join(err, prompt.Start()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := e2e.Main(m, forWindows("paird.exe", "./cmd/paird", plain), forWindows("console.exe", "./cmd/internal/elsewhere/console", plain),
		forWindows("demo/paird.exe", "./cmd/paird", withSockets), forWindows("demo/pairlab.exe", "./cmd/pairlab", withSockets))
	in.Close()
	prompt.Wait()
	os.Exit(code)
}

// forWindows builds a command, with the build's flags that overlay returns for a folder.
func forWindows(name, command string, overlay func(dir string) (flag string, err error)) e2e.Build {
	return e2e.Build{Name: name, Into: func(file string) error {
		dir, err := os.MkdirTemp("", "paird-overlay")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		flag, err := overlay(dir)
		if err != nil {
			return err
		}
		return e2e.Command(root, "env", "GOOS=windows", "GOARCH=amd64", "go", "build", flag, "-o", file, command)
	}}
}

// plain changes nothing.
func plain(string) (string, error) { return "-overlay=", nil }

// withSockets stands in for what Windows has and Wine 10 lacks, Unix sockets: a socket is a TCP port of loopback, whose
// address is in the socket's file.
func withSockets(dir string) (string, error) {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	source := filepath.Join(strings.TrimSpace(string(goroot)), "src", "net", "unixsock_posix.go")
	text, err := os.ReadFile(source)
	if err != nil {
		return "", err
	}
	changed := filepath.Join(dir, "unixsock_posix.go")
	ours := strings.Replace(string(text), "func unixSocket(", "func osUnixSocket(", 1) + standIn
	if err := os.WriteFile(changed, []byte(ours), 0o600); err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{source: changed}})
	if err != nil {
		return "", err
	}
	return "-overlay=" + overlay, os.WriteFile(overlay, replace, 0o600)
}

const standIn = `
func unixSocket(ctx context.Context, _ string, laddr, raddr sockaddr, mode string, control func(context.Context, string, string, syscall.RawConn) error) (*netFD, error) {
	if mode == "dial" {
		text, err := os.ReadFile(raddr.(*UnixAddr).Name)
		if err != nil {
			return nil, err
		}
		to, err := ResolveTCPAddr("tcp", string(text))
		if err != nil {
			return nil, err
		}
		return internetSocket(ctx, "tcp", nil, to, syscall.SOCK_STREAM, 0, mode, control)
	}
	fd, err := internetSocket(ctx, "tcp", &TCPAddr{IP: IPv4(127, 0, 0, 1)}, nil, syscall.SOCK_STREAM, 0, mode, control)
	if err != nil {
		return nil, err
	}
	return fd, os.WriteFile(laddr.(*UnixAddr).Name, []byte(fd.laddr.String()), 0o600)
}
`

// fresh is a user of Windows who has not run paird yet.
func fresh(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(users); err != nil {
		t.Fatalf("%v: run scripts/setup-windows.sh", err)
	}
	for _, of := range []string{".local", "AppData/Local/Temp/*"} {
		for _, left := range e2e.Must(filepath.Glob(users + "/*/" + of))(t) {
			if err := os.RemoveAll(left); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// run runs a program to its end, and returns what it prints and its exit code.
func run(t *testing.T, program string, args ...string) (string, int) {
	t.Helper()
	return e2e.Run(t, wine, append([]string{e2e.Program(program)}, args...)...)
}
