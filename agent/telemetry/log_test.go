package telemetry

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
)

// lines is a log that a test can read.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// recorder is a logger and its lines so far.
func recorder() (*slog.Logger, func() []string) {
	var l lines
	return slog.New(slog.NewTextHandler(&l, nil)), func() []string {
		l.mu.Lock()
		defer l.mu.Unlock()
		return strings.Split(strings.TrimSpace(l.b.String()), "\n")
	}
}
