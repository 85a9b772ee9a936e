package main

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/paird/paird/cmd/internal/daemon"
	"github.com/paird/paird/config"
)

// runDevice is paird itself, as `paird run` runs it. Its log goes to out as lines without time.
func runDevice(ctx context.Context, cfg config.Config, out io.Writer, ready func()) error {
	log := slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	return daemon.Run(ctx, cfg, daemon.Options{
		Version:  version,
		Built:    time.Now(), // device and servers share one clock: it is right by definition
		Terminal: out,
		Ready:    ready,
		Log:      log,
	})
}

func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
