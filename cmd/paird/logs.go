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
	_ = level.UnmarshalText([]byte(cfg.Level)) // config knows only good ones
	o := &slog.HandlerOptions{Level: level}
	if cfg.Format == "text" || cfg.Format != "json" && terminal(w) {
		return slog.New(slog.NewTextHandler(w, o))
	}
	return slog.New(slog.NewJSONHandler(w, o))
}

func terminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
