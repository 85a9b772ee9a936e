package main

import (
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"

	"github.com/paird/paird/config"
)

// logger writes to w as [log] says: text on a terminal and JSON elsewhere, unless it says otherwise.
func logger(cfg config.Log, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.Level)) // config has checked it
	o := &slog.HandlerOptions{Level: level}
	if cfg.Format == "text" || cfg.Format != "json" && terminal(w) {
		return slog.New(slog.NewTextHandler(w, o))
	}
	o.ReplaceAttr = inSeconds
	return slog.New(slog.NewJSONHandler(w, o))
}

// inSeconds writes a duration as seconds with the unit in its key, where JSON would have bare nanoseconds.
func inSeconds(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() != slog.KindDuration {
		return a
	}
	return slog.Float64(a.Key+"_seconds", a.Value.Duration().Seconds())
}

func terminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
