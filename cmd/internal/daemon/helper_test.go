package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/internal/provider/providertest"
	"github.com/paird/paird/config"
)

// within is how long anything may take that has no reason to take long.
const within = 15 * time.Second

// output is a log or a terminal.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// running is a daemon under test.
type running struct {
	t        *testing.T
	auth     *providertest.Server
	dir      string
	log      *output
	terminal *output
	client   *control.Client
	events   chan string // types
	stop     func() error
}

// configured is a configuration below dir; more are further sections.
func configured(t *testing.T, dir, issuer, more string) config.Config {
	t.Helper()
	text := strings.NewReplacer("$DIR", dir, "$ISSUER", issuer).Replace(`
[device]
name = "Kitchen printer"
id = "dev1"
state_dir = "$DIR/state"
[control]
socket = "$DIR/sock"
[auth]
issuer = "$ISSUER"
client_id = "printer"
scopes = ["openid", "profile", "offline_access"]
` + more)
	cfg, err := config.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// start runs a daemon until the test ends or it is stopped.
func start(t *testing.T, more string) *running {
	t.Helper()
	r := &running{t: t, auth: providertest.New(t, nil), dir: t.TempDir(), log: &output{}, terminal: &output{}, events: make(chan string, 64)}
	cfg := configured(t, r.dir, r.auth.URL, more)
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- Run(ctx, cfg, Options{
			Version: "test", Built: time.Now().Add(-time.Hour), Terminal: r.terminal, Ready: func() { close(ready) },
			Log: slog.New(slog.NewJSONHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		})
	}()
	r.stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("the daemon ended with %v", err)
		}
	})
	select {
	case <-ready:
	case err := <-done:
		done <- err
		t.Fatalf("no start: %v\n%s", err, r.log)
	case <-time.After(within):
		t.Fatalf("no start\n%s", r.log)
	}
	r.client = control.NewClient(cfg.Control.Socket)
	events, err := r.client.Events(ctx)
	if err != nil {
		t.Fatal(err)
	}
	go r.listen(events)
	r.settle()
	return r
}

// settle waits until the daemon knows whether it is paired: it gives no answer about tokens before.
func (r *running) settle() {
	r.t.Helper()
	_, err := r.client.Token(r.t.Context(), "", 0, false)
	if e, ok := errors.AsType[*control.Error](err); err != nil && (!ok || e.Code != control.NotPaired) {
		r.t.Fatal(err)
	}
}

func (r *running) listen(events iter.Seq2[control.Event, error]) {
	for e, err := range events {
		var event struct{ Type string }
		if err != nil || json.Unmarshal(e, &event) != nil {
			return
		}
		r.events <- event.Type
	}
}

// await waits for an event.
func (r *running) await(kind string) {
	r.t.Helper()
	for late := time.After(within); ; {
		select {
		case got := <-r.events:
			if got == kind {
				return
			}
		case <-late:
			r.t.Fatalf("no event %q\n%s", kind, r.log)
		}
	}
}

func (r *running) status() control.Status {
	r.t.Helper()
	s, err := r.client.Status(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// pair pairs from the socket to the end.
func (r *running) pair() {
	r.t.Helper()
	if err := r.client.Pair(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	r.await("pairing")
	r.auth.Always(provider.Approve)
	r.await("paired")
}

// secretless checks that nothing secret is in the log, on the terminal, in the status, or in any file.
func (r *running) secretless() {
	r.t.Helper()
	status, err := json.Marshal(r.status())
	if err != nil {
		r.t.Fatal(err)
	}
	for what, text := range map[string]string{"log": r.log.String(), "terminal": r.terminal.String(), "status": string(status)} {
		if secret := r.auth.Leak(text, what == "log"); secret != "" {
			r.t.Errorf("the secret %s is in the %s: %s", secret, what, text)
		}
	}
	if strings.Contains(r.log.String(), "Alice") {
		r.t.Errorf("a name is in the log: %s", r.log)
	}
	r.files()
}

func (r *running) files() {
	files := 0
	err := filepath.WalkDir(r.dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		if secret := r.auth.Leak(string(b), false); secret != "" {
			r.t.Errorf("the secret %s is in %s", secret, path)
		}
		return err
	})
	if err != nil || files < 4 {
		r.t.Errorf("looked at %d files: %v", files, err)
	}
}
