package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/paird/paird/cmd/pairlab/internal/fleet"
)

const usage = `usage: pairlab COMMAND [flags]

demo            an authorization server, an MQTT broker and a device with a simulated panel, on one page
fleet           many devices: pairing, power failure, outages of broker and server
record          draw on this board's panel, and write what goes over its wires to a file
replay FILE     show such a recording as pictures
`

// Exit codes, as those of paird.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

var version = "dev" // set by the linker

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// usageError is an error of the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := command(ctx, args, stdout, stderr)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitDone
	case errors.Is(err, errNoCommand):
		fmt.Fprint(stderr, usage)
		return exitUsage
	}
	fmt.Fprintln(stderr, "pairlab:", err)
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	return exitFailed
}

var errNoCommand = errors.New("no such command")

func command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return errNoCommand
	}
	switch name, args := args[0], args[1:]; name {
	case "demo":
		o, err := demoFlags(args, stderr)
		if err != nil {
			return usageError{err}
		}
		return demo(ctx, o, stdout)
	case "fleet":
		o, err := fleetFlags(args, stderr)
		if err != nil {
			return usageError{err}
		}
		return runFleet(ctx, o, stdout)
	case fleet.PartCommand: // by fleet itself, for devices that have a process of their own
		return fleet.ServePart(fleet.Pipes{Reader: os.Stdin, WriteCloser: os.Stdout})
	case "record":
		o, err := recordFlags(args, stderr)
		if err != nil {
			return usageError{err}
		}
		return record(ctx, o, stdout)
	case "replay":
		o, err := replayFlags(args, stderr)
		if err != nil {
			return usageError{err}
		}
		return replay(o, stdout)
	}
	return errNoCommand
}
