package main

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/config"
)

// TestDurations: JSON has seconds with the unit in the key, text has Go's spelling.
func TestDurations(t *testing.T) {
	var js, text bytes.Buffer
	logger(config.Log{Level: "info", Format: "json"}, &js).Info("x", "again_in", 1500*time.Millisecond)
	logger(config.Log{Level: "info", Format: "text"}, &text).Info("x", "again_in", 1500*time.Millisecond)
	if got := js.String(); !strings.Contains(got, `"again_in_seconds":1.5`) || strings.Contains(got, `"again_in":`) {
		t.Error(got)
	}
	if got := text.String(); !strings.Contains(got, "again_in=1.5s") {
		t.Error(got)
	}
}

// TestLogger writes text on a terminal and JSON elsewhere, unless configured otherwise.
func TestLogger(t *testing.T) {
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	for _, c := range []struct {
		format   string
		terminal bool
		text     bool
	}{
		{"auto", true, true}, {"auto", false, false}, {"text", false, true}, {"json", true, false},
	} {
		log := logger(config.Log{Level: "warn", Format: c.format}, &bytes.Buffer{})
		if c.terminal {
			log = logger(config.Log{Level: "warn", Format: c.format}, tty)
		}
		if _, text := log.Handler().(*slog.TextHandler); text != c.text {
			t.Errorf("%+v: %T", c, log.Handler())
		}
		if log.Enabled(t.Context(), slog.LevelInfo) || !log.Enabled(t.Context(), slog.LevelWarn) {
			t.Errorf("%+v: the level is not warn", c)
		}
	}
}
