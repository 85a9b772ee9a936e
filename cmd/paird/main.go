package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/paird/paird/agent/store"
	"github.com/paird/paird/cmd/internal/daemon"
	"github.com/paird/paird/config"
)

// version is set by the build.
var version = "dev"

func main() {
	p := program{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		config: usualConfig, socket: cmp.Or(os.Getenv("PAIRD_SOCKET"), config.Default().Control.Socket),
		usual: usualConfig, factory: "/usr/lib/paird/conf.d", boot: bootFiles(),
	}
	os.Exit(p.start(os.Args[1:]))
}

const usualConfig = "/etc/paird/paird.toml"

// bootFiles are where the settings on the boot partition may be: $PAIRD_BOOT, or where Raspberry Pi OS has that partition, of
// today and of before.
func bootFiles() []string {
	if file, ok := os.LookupEnv("PAIRD_BOOT"); ok {
		return []string{file}
	}
	return []string{"/boot/firmware/paird.toml", "/boot/paird.toml"}
}

// probeArg makes this program read a database file that may be damaged, so that damage ends only a child.
const probeArg = "probe-db"

// program is one call of the command line.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	config         string // --config, or where it is without one
	configGiven    bool
	socket         string // of a daemon whose configuration cannot be read: $PAIRD_SOCKET, or the default
	usual          string // where the configuration is without --config
	factory        string // the folder of the product's own values
	boot           []string
}

// start runs the command until it is done or interrupted; a second Ctrl-C ends the program at once.
func (p *program) start(args []string) int {
	if err := daemon.KeepMemoryPrivate(); err != nil {
		return p.report(fmt.Errorf("keeping this program's memory from others: %w", err))
	}
	if len(args) == 2 && args[0] == probeArg {
		return store.ProbeMain(args[1])
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return p.main(ctx, args)
}

// Exit codes of the contract.
const (
	exitDone      = 0
	exitFailed    = 1
	exitUsage     = 2
	exitDenied    = 3
	exitNotPaired = 4
	exitNoDaemon  = 5
	exitConfig    = 78 // of run: EX_CONFIG (sysexits.h), which the unit does not restart; a Go panic is 2
)

// exit is an error with a code of its own.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string { return e.err.Error() }
func (e *exit) Unwrap() error { return e.err }

// errPrinted goes with an exit code where what was printed says all: that of a status which is not well.
var errPrinted = errors.New("what was printed says why")

func usage(format string, args ...any) error { return &exit{exitUsage, fmt.Errorf(format, args...)} }

// main runs one command and returns the exit code.
func (p *program) main(ctx context.Context, args []string) int {
	f := p.flags("help")
	asked := f.Bool("version", false, "print the version")
	f.BoolVar(asked, "V", false, "print the version")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return p.report(p.help(ctx, nil))
	} else if err != nil {
		return p.report(usage("%w; `paird help` lists the commands", err))
	}
	p.given(f)
	if *asked {
		return p.report(p.version(ctx, f.Args()))
	}
	if f.NArg() == 0 {
		return p.report(usage("no command: `paird help` lists them"))
	}
	c, err := named(f.Arg(0))
	if err != nil {
		return p.report(err)
	}
	return p.report(c.run(p, ctx, f.Args()[1:]))
}

// report prints an error on standard error: one line, or one for each thing wrong with a configuration.
func (p *program) report(err error) int {
	if err == nil || errors.Is(err, errHelped) {
		return exitDone
	}
	code := exitFailed
	if e, ok := errors.AsType[*exit](err); ok {
		code = e.code
	}
	if errors.Is(err, errPrinted) {
		return code
	}
	all, ok := errors.AsType[faults](err)
	if !ok {
		fmt.Fprintln(p.stderr, "paird:", oneLine(err))
		return code
	}
	for _, one := range all {
		fmt.Fprintln(p.stderr, "paird:", oneLine(one))
	}
	if code == exitConfig {
		return code
	}
	return exitUsage
}

// oneLine is the text of an error on one line, also of several errors that were joined.
func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
