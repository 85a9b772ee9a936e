package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/paird/paird/cmd/pairlab/internal/fleet"
)

// fleetOptions are those of `pairlab fleet`.
type fleetOptions struct {
	fleet.Options
	svg string // file; "": none
	png string // file; "": none
}

func fleetFlags(args []string, stderr io.Writer) (fleetOptions, error) {
	var o fleetOptions
	var scenarios string
	f := flag.NewFlagSet("pairlab fleet", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.IntVar(&o.N, "n", 200, "how many `devices`")
	f.StringVar(&scenarios, "scenarios", strings.Join(fleet.Scenarios, ","), "which, in that order")
	f.IntVar(&o.Processes, "processes", 0, "for the devices, besides this one (default: as many as their descriptors ask for, at best none)")
	f.StringVar(&o.Issuer, "issuer", "", "`URL` of the authorization server (default: the lab's own, which approves each code)")
	f.StringVar(&o.ClientID, "client-id", "fleet", "of the devices")
	f.StringVar(&o.Broker, "broker", "", "`URL` of the broker, with --issuer")
	f.StringVar(&o.CAFile, "ca", "", "`file` with the certificate authority of both")
	f.StringVar(&o.NATS, "nats", "", "`program` of a NATS node, built of scripts/real/nats: a cluster of three is the broker")
	f.BoolVar(&o.TLS, "tls", false, "TLS at the lab's server and broker")
	f.StringVar(&o.State, "state", "", "`directory` for the devices' queues (default: a temporary one)")
	f.DurationVar(&o.Spread, "spread", 5*time.Second, "mqtt.spread of the devices")
	f.DurationVar(&o.Interval, "interval", 10*time.Second, "of readings, and of the messages that are looked for at the lab's broker")
	f.DurationVar(&o.Lifetime, "lifetime", time.Hour, "of access tokens of the lab's server")
	f.DurationVar(&o.Stage, "stage", 10*time.Second, "over which the devices are switched on for the first time")
	f.DurationVar(&o.Outage, "outage", 10*time.Second, "how long broker and token endpoint are away")
	f.DurationVar(&o.Timeout, "timeout", 5*time.Minute, "how long the fleet may take to be online")
	f.StringVar(&o.svg, "svg", "", "`file` for a drawing of the rates")
	f.StringVar(&o.png, "png", "", "`file` for the same as a picture")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.Scenarios = strings.Split(scenarios, ",")
	return o, o.check(f.Args())
}

func (o *fleetOptions) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("fleet: unexpected argument %q", rest[0])
	case o.N < 1:
		return fmt.Errorf("-n %d: give at least 1", o.N)
	case o.Processes < 0 || o.Processes > o.N:
		return fmt.Errorf("--processes %d: give at most one for each device", o.Processes)
	case (o.Issuer == "") != (o.Broker == ""):
		return errors.New("--issuer and --broker: give both or neither")
	case o.Scenarios[0] != "pairing":
		return errors.New("--scenarios: the first is pairing")
	case o.TLS && o.NATS != "":
		return errors.New("--tls and --nats: give one of them")
	}
	for _, d := range []time.Duration{o.Interval, o.Lifetime, o.Timeout} {
		if d < time.Second {
			return errors.New("--interval, --lifetime and --timeout: give at least 1s")
		}
	}
	for _, name := range o.Scenarios {
		if err := o.checkScenario(name); err != nil {
			return fmt.Errorf("--scenarios: %w", err)
		}
	}
	return nil
}

func (o *fleetOptions) checkScenario(name string) error {
	switch {
	case !slices.Contains(slices.Concat(fleet.Scenarios, fleet.Further), name):
		return fmt.Errorf("no %q; there are %s", name, strings.Join(slices.Concat(fleet.Scenarios, fleet.Further), ", "))
	case o.Issuer != "" && name != "pairing" && name != "boot":
		return fmt.Errorf("%s takes the lab's own server and broker", name)
	case name == "node" && o.NATS == "":
		return errors.New("node takes a cluster: give --nats")
	case name == "ca" && !o.TLS:
		return errors.New("ca takes TLS: give --tls")
	}
	return nil
}

// runFleet takes a fleet through its scenarios and prints the report. It fails where a device does not come online, is
// un-paired or loses a message.
func runFleet(ctx context.Context, o fleetOptions, stdout io.Writer) error {
	o.Out = stdout
	if o.Issuer != "" {
		o.Code = func(device, uri string) { fmt.Fprintf(stdout, "%s: approve %s\n", device, uri) }
	}
	r, err := fleet.Run(ctx, o.Options)
	if err != nil {
		return fmt.Errorf("fleet: %w", err)
	}
	r.Text(stdout)
	if err := errors.Join(drawFleet(o.svg, func(w io.Writer) error { r.SVG(w); return nil }), drawFleet(o.png, r.PNG)); err != nil {
		return fmt.Errorf("fleet: %w", err)
	}
	if why := r.Failed(); why != "" {
		return fmt.Errorf("fleet: %s", why)
	}
	return nil
}

// drawFleet draws into a file, "" for none.
func drawFleet(path string, draw func(io.Writer) error) error {
	if path == "" {
		return nil
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(draw(f), f.Close())
}
