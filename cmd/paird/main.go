package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/paird/paird/agent/store"
)

// version is set by the build.
var version = "dev"

func main() {
	if len(os.Args) == 3 && os.Args[1] == probeArg {
		os.Exit(store.ProbeMain(os.Args[2]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := (&program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}).main(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// probeArg makes this program read a database file that may be damaged, so that only a child dies of it.
const probeArg = "probe-db"

// program is one call of the command line.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	config         string // --config
	configGiven    bool
}

// command is one word of the command line.
type command struct {
	name, args, about string
	run               func(*program, context.Context, []string) error
}

func commands() []command {
	return []command{
		{"run", "", "the daemon (what the unit starts)", (*program).run},
		{"login", "[--issuer --client-id --scope]", "pair in the foreground of a terminal, then exit", (*program).login},
		{"pair", "[--wait]", "pair, or pair again: what holding the button does", (*program).pair},
		{"reset", "[--yes]", "factory reset: revoke and erase everything", (*program).reset},
		{"status", "[--json]", "state, account, panel, broker, queue, clock", (*program).status},
		{"token", "[NAME]", "print a fresh access token (of the named audience)", (*program).token},
		{"publish", "TOPIC [PAYLOAD|-]", "put a message on the durable queue", (*program).publish},
		{"doctor", "[--json]", "check config, clock, TLS, metadata, panel, QR fit, broker", (*program).doctor},
		{"screen", "NAME --panel P -o FILE", "render any screen to PNG, no hardware", (*program).screen},
		{"config", "check|print", "validate; print the effective config with its sources", (*program).configure},
		{"version", "", "print the version", (*program).version},
	}
}

// Exit codes of the contract.
const (
	exitFailed    = 1
	exitUsage     = 2
	exitDenied    = 3
	exitNotPaired = 4
	exitNoDaemon  = 5
)

// exit is an error with a code of its own.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string { return e.err.Error() }
func (e *exit) Unwrap() error { return e.err }

func usage(format string, args ...any) error { return &exit{exitUsage, fmt.Errorf(format, args...)} }

// main runs one command and returns the exit code. An error is one line on standard error.
func (p *program) main(ctx context.Context, args []string) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		p.help()
		if len(args) == 0 {
			return exitUsage
		}
		return 0
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return p.report(c.run(p, ctx, args[1:]))
		}
	}
	return p.report(usage("no command %q: paird help lists them", args[0]))
}

func (p *program) report(err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(p.stderr, "paird:", err)
	if e, ok := errors.AsType[*exit](err); ok {
		return e.code
	}
	return exitFailed
}

func (p *program) help() {
	fmt.Fprintln(p.stdout, "paird makes a board that cannot type somebody's device.\n\nUsage: paird COMMAND [--config FILE]\n ")
	for _, c := range commands() {
		fmt.Fprintf(p.stdout, "  %-8s %-32s %s\n", c.name, c.args, c.about)
	}
}

func (p *program) version(context.Context, []string) error {
	_, err := fmt.Fprintln(p.stdout, "paird", version)
	return err
}
