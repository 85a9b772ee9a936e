package e2e

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"
)

// WaitLimit bounds every wait for something that must happen.
const WaitLimit = 60 * time.Second

// Must ends the test where a call that cannot fail here does.
func Must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Eventually asks until the answer is yes.
func Eventually(t testing.TB, what string, ask func() bool) {
	t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for limit := time.Now().Add(WaitLimit); !ask(); <-again.C {
		if time.Now().After(limit) {
			t.Fatalf("not within %s: %s", WaitLimit, what)
		}
	}
}

// Write puts a file that every user may read into a folder of its own, and returns its path.
func Write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Secret is Write for what only this user may read.
func Secret(t testing.TB, name, content string) string {
	t.Helper()
	path := Write(t, name, content)
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Accept hands each connection to l to handle, in a goroutine of its own, until l is closed. wait waits for all of them.
func Accept(l net.Listener, handle func(net.Conn)) (wait func()) {
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { handle(conn) })
		}
	})
	return all.Wait
}

// Form is what page hides in its forms, and the pairs of names and values.
func Form(page string, pairs ...string) url.Values {
	form := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(page, -1) {
		form.Set(m[1], m[2])
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

var hidden = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]+)">`)

// FreePort is a TCP port of loopback that nothing listens on.
func FreePort(t testing.TB) int {
	t.Helper()
	l := Must(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
