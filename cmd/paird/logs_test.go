package main

import (
	"bytes"
	"log/slog"
	"os"
	"testing"

	"github.com/paird/paird/config"
)

// TestLogger writes text on a terminal and JSON elsewhere, unless told otherwise.
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
