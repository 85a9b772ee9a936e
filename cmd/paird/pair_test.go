package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
)

// said is what a command has written so far.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// daemonThat is a daemon with that status, which ends its stream of events when it has sent those that come.
func daemonThat(t *testing.T, status string, events <-chan string) *control.Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, status) })
	mux.HandleFunc("GET /v1/events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.(http.Flusher).Flush()
		for e := range events {
			fmt.Fprintf(w, "data: %s\n\n", e)
			w.(http.Flusher).Flush()
		}
	})
	server := &http.Server{Handler: mux}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return control.NewClient(path)
}

// TestPairWaitSaysWhatKeepsTheCodeAway, once, and goes on waiting: the daemon tries again. Beside a code it says nothing: that
// may be about the account before.
func TestPairWaitSaysWhatKeepsTheCodeAway(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ status, says string }{
		"server":        {`{"problem":{"code":"server","detail":"no answer"}}`, "paird: no answer\n"},
		"client":        {`{"problem":{"code":"config","detail":"unknown client"}}`, "paird: unknown client\n"},
		"broker":        {`{"problem":{"code":"broker","detail":"no answer"}}`, ""},
		"beside a code": {`{"pairing":{"user_code":"A"},"problem":{"code":"tls","detail":"not trusted"}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			events := make(chan string)
			client := daemonThat(t, c.status, events)
			stream, err := client.Events(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			p := &program{stdout: &said{}, stderr: &said{}}
			time.AfterFunc(2200*time.Millisecond, func() { events <- `{"type":"denied"}`; close(events) })
			if code := p.report(p.outcome(t.Context(), client, stream)); code != exitDenied {
				t.Errorf("exit %d", code)
			}
			if got, _, _ := strings.Cut(p.stderr.(*said).String(), "paird: the request was denied"); got != c.says {
				t.Errorf("it says %q, want %q", got, c.says)
			}
		})
	}
}

// TestPairWaitEnds with the daemon, and at Ctrl-C.
func TestPairWaitEnds(t *testing.T) {
	t.Parallel()
	events := make(chan string)
	c := daemonThat(t, `{"state":"pairing"}`, events)
	stream, err := c.Events(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	close(events)
	p := &program{stdout: &said{}, stderr: &said{}}
	if code := p.report(p.outcome(t.Context(), c, stream)); code != exitNoDaemon {
		t.Errorf("exit %d where the daemon ended", code)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := p.outcome(ctx, c, stream); err == nil || !strings.HasPrefix(err.Error(), "stopped waiting") {
		t.Errorf("at Ctrl-C: %v", err)
	}
}
