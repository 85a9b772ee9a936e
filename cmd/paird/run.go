package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/paird/paird/cmd/internal/daemon"
	"github.com/paird/paird/config"
)

// built is when this program was built, in seconds since 1970: the clock's floor. The build sets it; a
// program built without the Makefile knows at least when this was written.
var built = "1793491200" // 2026-11-01

// run is the daemon. It ends with 0 at SIGTERM or Ctrl-C.
func (p *program) run(ctx context.Context, args []string) error {
	if runtime.GOOS == "windows" {
		return fmt.Errorf("run needs Linux: %w; login, logout, token and status are for this system too", errors.ErrUnsupported)
	}
	if _, err := p.parse(p.flags("run"), args, 0, 0); err != nil {
		return err
	}
	// The daemon waits nearly all the time, and one processor is enough. With more, the Go runtime wakes a second thread
	// for each piece of work and counts the processors every few seconds.
	runtime.GOMAXPROCS(1)
	defer outliveLog()()
	boot := p.sources().TakeOver(quiet())
	for {
		err := p.runOnce(ctx, boot)
		if !errors.Is(err, daemon.ErrSettings) {
			return err
		}
		boot.Outcome = daemon.Taken
	}
}

// runOnce is the daemon with the configuration as it is now.
func (p *program) runOnce(ctx context.Context, boot daemon.Takeover) error {
	cfg, err := p.checked()
	if err != nil {
		return &exit{exitConfig, p.showFault(ctx, boot, cfg, err)}
	}
	log := logger(cfg.Log, p.stderr)
	defer ignoreHangup(log)()
	boot.Log(log)
	for _, warning := range daemon.Warnings(cfg) {
		log.Warn("configuration", "warning", warning)
	}
	if err := cfg.Exposed(); err != nil {
		log.Warn("configuration", "warning", oneLine(err))
	}
	return daemon.Run(ctx, cfg, daemon.Options{
		Version: version, Built: buildTime(), Terminal: p.stdout, Probe: probe(), Boot: boot, Log: log,
	})
}

// showFault says on the panel, if it can, what keeps the daemon from running: of the boot partition's file, where that could not be
// taken over. It returns all that is wrong.
func (p *program) showFault(ctx context.Context, boot daemon.Takeover, cfg config.Config, err error) error {
	switch {
	case boot.Outcome == daemon.Left && boot.Path != "":
		cfg, err = boot.Config, faulty(boot.Path, boot.Err)
	case boot.Outcome == daemon.Left: // it could not be read
		err = append(faulty(p.config, boot.Err).(faults), err)
	}
	first, _ := errors.AsType[config.Problem](err)
	o := quiet()
	o.Terminal = p.stdout
	daemon.ShowFault(ctx, cfg, first.Line, o)
	return err
}

// ignoreHangup keeps SIGHUP from ending the daemon: at other daemons it means to read the configuration again.
func ignoreHangup(log *slog.Logger) (stop func()) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	go func() {
		for range hangup {
			log.Warn("SIGHUP is ignored: restart paird to take in a change of the configuration")
		}
	}()
	return func() {
		signal.Stop(hangup)
		close(hangup)
	}
}

// outliveLog keeps the daemon running when the reader of its log has gone: a write to a closed pipe would
// otherwise end it (SIGPIPE). A signal that is caught, not ignored, has its default again in hooks and sensors.
func outliveLog() (stop func()) {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGPIPE)
	return func() { signal.Stop(caught) }
}

func buildTime() time.Time {
	s, err := strconv.ParseInt(built, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(s, 0)
}

// probe is this program in its other role; without a path to itself files are probed in-process.
func probe() []string {
	self, err := os.Executable()
	if err != nil {
		return nil
	}
	return []string{self, probeArg}
}
