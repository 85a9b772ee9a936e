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
)

const usage = `usage: pairlab demo [flags]

demo    an authorization server, an MQTT broker and a device with a simulated panel, on one page
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

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 || args[0] != "demo" {
		fmt.Fprint(stderr, usage)
		return exitUsage
	}
	o, err := demoFlags(args[1:], stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		fmt.Fprintln(stderr, "pairlab:", err)
		return exitUsage
	}
	if err := demo(ctx, o, stdout); err != nil {
		fmt.Fprintln(stderr, "pairlab:", err)
		return exitFailed
	}
	return exitDone
}
