package main

import (
	"context"
	"fmt"
)

// command is one word of the command line.
type command struct {
	name, args, about string
	example           string // of its arguments, "" where they need none
	run               func(*program, context.Context, []string) error
}

func commands() []command {
	return []command{
		{"run", "", "the daemon; the systemd unit starts it", "", (*program).run},
		{"init", "[--recipe --set --yes]", "write a first configuration from a recipe", "--yes --recipe logto --set auth.issuer=https://TENANT.logto.app/oidc --set auth.client_id=ID", (*program).initialise},
		{"login", "[--issuer --client-id --scope]", "pair in the foreground of a terminal, then exit", "--issuer https://auth.example.com --client-id my-cli", (*program).login},
		{"logout", "", "revoke and erase the tokens of `paird login`", "", (*program).logout},
		{"pair", "[--wait]", "pair, or pair again: what holding the button does", "--wait", (*program).pair},
		{"reset", "[--yes]", "factory reset: revoke and erase everything", "", (*program).reset},
		{"status", "[--json] [--watch]", "print state, account, panel, broker, queue and clock", "--watch", (*program).status},
		{"token", "[NAME] [--fresh]", "print a fresh access token, of the named audience if there is a NAME", "print-api", (*program).token},
		{"publish", "TOPIC [PAYLOAD|-]", "put a message into the durable queue", "print/done '{\"pages\":3}'", (*program).publish},
		{"subscribe", "[FILTER] [--exec PROG]", "print messages for this device, or run a program for each", "'jobs/#' --exec /usr/local/bin/print-job", (*program).subscribe},
		{"doctor", "[--json --bundle --interactive]", "check configuration, clock, server, panel, QR code and broker", "--bundle report.txt", (*program).doctor},
		{"screen", "NAME --panel P -o FILE", "draw a screen as a PNG file, without hardware", "pairing --panel ssd1306 --code WDJB-MJHT -o pairing.png", (*program).screen},
		{"config", "check|print", "check the configuration, or print it with the source of each value", "check --config paird.toml", (*program).configure},
		{"version", "", "print the version", "", (*program).version},
		{"help", "[COMMAND]", "print this list, or the flags of a command", "", (*program).help},
	}
}

func named(name string) (command, error) {
	for _, c := range commands() {
		if c.name == name {
			return c, nil
		}
	}
	return command{}, usage("no command %q: `paird help` lists them", name)
}

// help is `paird help [COMMAND]`.
func (p *program) help(ctx context.Context, args []string) error {
	rest, err := p.parse(p.flags("help"), args, 0, 1)
	if err != nil {
		return err
	}
	if len(rest) == 1 {
		c, err := named(rest[0])
		if err != nil {
			return err
		}
		return c.run(p, ctx, []string{"-h"})
	}
	fmt.Fprint(p.stdout, "paird pairs a board that has no keyboard with its owner's account.\n\nUsage: paird COMMAND [--config FILE]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(p.stdout, "  %-9s %-31s %s\n", c.name, c.args, c.about)
	}
	_, err = fmt.Fprint(p.stdout, "\nExit codes: 0 done, 1 failed (of status: there is a problem), 2 bad usage or configuration\n(of run: 78), 3 denied by the user, 4 not paired, 5 daemon not running.\n")
	return err
}

// version is `paird version`.
func (p *program) version(_ context.Context, args []string) error {
	if _, err := p.parse(p.flags("version"), args, 0, 0); err != nil {
		return err
	}
	_, err := fmt.Fprintln(p.stdout, "paird", version)
	return err
}
