package main

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paird/paird/cmd/internal/e2e"
)

// A user who may not read the configuration asks the daemon at the usual socket all the same; with --config, or for
// what needs the configuration, that is an error.
func TestClosedConfiguration(t *testing.T) {
	dir := t.TempDir()
	closed := filepath.Join(dir, "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(closed+"/paird.toml", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", dir+"/sock")
	if err != nil {
		t.Fatal(err)
	}
	server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/status" {
			io.WriteString(w, `{"state":"paired","grant":{"name":"Alice"}}`)
		}
	})}
	go server.Serve(listener)
	defer server.Close()
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"status", exitDone, "Alice"},
		{"publish a b", exitDone, ""},
		{"status --config " + closed + "/paird.toml", exitUsage, "permission denied"},
		{"config check", exitUsage, "permission denied"},
	} {
		var said strings.Builder
		p := &program{stdin: strings.NewReader(""), stdout: &said, stderr: &said, config: closed + "/paird.toml", socket: dir + "/sock"}
		var code int
		stranger(t, closed, func() { code = p.main(t.Context(), strings.Fields(c.args)) })
		if code != c.code || !strings.Contains(said.String(), c.says) {
			t.Errorf("%s: exit %d: %s", c.args, code, &said)
		}
	}
}

// stranger runs fn without the right to look into dir.
func stranger(t *testing.T, dir string, fn func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		if err := os.Chmod(dir, 0); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(dir, 0o700)
		fn()
		return
	}
	if err := e2e.Nobody.Do(func() error { fn(); return nil }); err != nil {
		t.Fatal(err)
	}
}
