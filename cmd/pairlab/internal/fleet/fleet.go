package fleet

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Settings are those of all devices.
type Settings struct {
	Issuer   string
	ClientID string
	Broker   string // URL
	CAFile   string // of issuer and broker; "": the system's
	State    string // folder of the queues; "": a temporary one

	Spread   time.Duration // mqtt.spread
	Interval time.Duration // telemetry.interval, and that of the numbered messages
	Stage    time.Duration // over which the fleet is switched on for the first time
}

// Options of a fleet. N, Scenarios and the durations are required; without an Issuer the lab's own server and broker serve.
type Options struct {
	Settings
	N         int
	Scenarios []string // of Scenarios, in the order wanted
	Processes int      // for the devices; 0: as many as their descriptors ask for, at best this one alone
	NATS      string   // program of a NATS node (scripts/real/nats): a cluster of three is the broker; "": the lab's own
	TLS       bool     // the lab's server and broker are behind TLS

	Lifetime time.Duration // of access tokens of the lab's server
	Outage   time.Duration // of broker and token endpoint
	Timeout  time.Duration // for all devices to be online again

	Code func(device, uri string) // a code to approve; nil: the lab's server approves
	Out  io.Writer                // of the progress
}

// fleet is a run.
type fleet struct {
	o       Options
	began   time.Time
	servers *servers // nil: given
	parts   *parts
	meter   *meter // of this process
	heap    uint64 // before there were devices
	report  Report
}

// Scenarios are what a fleet can go through.
var Scenarios = []string{"pairing", "boot", "broker", "endpoint"}

// Further scenarios need a cluster (node) or TLS (ca).
var Further = []string{"node", "ca"}

// Run takes a fleet through its scenarios. The error is that of the set-up; what went wrong with devices is in the Report.
func Run(ctx context.Context, o Options) (Report, error) {
	f := &fleet{o: o, began: time.Now().Round(0)} // other processes count from it
	f.meter = newMeter(f.began)
	remove, err := f.setUp()
	defer remove()
	if err != nil {
		return Report{}, err
	}
	watching, end := context.WithCancel(ctx)
	defer end()
	go f.meter.watchMachine(watching)
	for _, name := range o.Scenarios {
		if err := f.scenario(ctx, name); err != nil {
			return Report{}, err
		}
		if name == "pairing" {
			if err := f.parts.do("Publish"); err != nil {
				return Report{}, err
			}
		}
	}
	return f.report, f.finish(ctx)
}

// setUp starts the servers and makes the devices, switched off. remove is to be called in any case.
func (f *fleet) setUp() (remove func(), err error) {
	var undo []func()
	remove = func() {
		for _, one := range slices.Backward(undo) {
			one()
		}
	}
	if f.o.State == "" {
		if f.o.State, err = os.MkdirTemp("", "pairlab-fleet"); err != nil {
			return remove, err
		}
		undo = append(undo, func() { os.RemoveAll(f.o.State) })
	}
	var nodes []string
	if f.o.Issuer == "" {
		if err = f.startServers(); err != nil {
			return remove, err
		}
		undo = append(undo, f.servers.close)
		nodes = f.servers.engine.nodes()
	}
	f.heap = inUse()
	if f.o.Processes == 0 {
		f.o.Processes = processes(f.o.N, descriptors())
	}
	if f.parts, err = startParts(f.o.Processes); err != nil {
		return remove, err
	}
	undo = append(undo, f.parts.close)
	_, err = ask[None](f.parts, "Make", func(n int) any { return f.share(n, nodes) })
	return remove, err
}

func (f *fleet) startServers() (err error) {
	f.o.CAFile = ""
	if f.o.TLS {
		f.o.CAFile = filepath.Join(f.o.State, "ca.pem")
	}
	if f.servers, err = startServers(f.o); err == nil {
		f.o.Issuer, f.o.Broker = f.servers.issuer, f.servers.engine.url()
	}
	return err
}

// share is that of the n-th part.
func (f *fleet) share(n int, nodes []string) Share {
	parts := len(f.parts.clients)
	first, next := n*f.o.N/parts, (n+1)*f.o.N/parts
	return Share{Settings: f.o.Settings, First: first, N: next - first, Of: f.o.N, Nodes: nodes, Began: f.began}
}

// scenario runs one and waits until the fleet is well again.
func (f *fleet) scenario(ctx context.Context, name string) error {
	fmt.Fprintf(f.o.Out, "%s: %d devices\n", name, f.o.N)
	if name == "boot" {
		if err := f.parts.do("Cut"); err != nil {
			return err
		}
	}
	began := time.Now()
	since, ended, err := f.begin(ctx, name)
	if err != nil {
		return err
	}
	if err := f.await(ctx, name, ended); err != nil {
		return err
	}
	took := time.Since(since)
	out, err := f.outcome(name, began)
	out.Took = took
	f.report.add(out)
	return err
}

// begin does what the scenario is about. It returns from when on the fleet's way back counts, and when all its connections
// were ended, if they were.
func (f *fleet) begin(ctx context.Context, name string) (since, ended time.Time, err error) {
	switch name {
	case "pairing":
		err = f.parts.do("Pair")
		return time.Now(), ended, err
	case "boot":
		since = time.Now()
		return since, ended, f.parts.do("Boot")
	case "broker":
		ended = time.Now()
		err = f.servers.engine.restart(f.o.Outage)
		return time.Now(), ended, err
	case "node":
		err = f.servers.engine.killNode(f.o.Outage)
		return time.Now(), ended, err
	case "ca":
		since = time.Now()
		return since, ended, f.servers.roll(func(ended time.Time) error { return f.await(ctx, name, ended) })
	case "endpoint":
		f.servers.down.Store(true)
		time.Sleep(f.o.Outage)
		f.servers.down.Store(false)
		return time.Now(), ended, nil
	}
	return since, ended, fmt.Errorf("no scenario %q", name)
}

// await reports the progress each few seconds until all have come online after a moment or the time is up.
func (f *fleet) await(ctx context.Context, name string, after time.Time) error {
	began := time.Now()
	for said := began; ; time.Sleep(100 * time.Millisecond) {
		online, err := f.online(after)
		if err != nil || online == f.o.N || ctx.Err() != nil {
			return err
		}
		if time.Since(began) > f.o.Timeout {
			return f.away()
		}
		if time.Since(said) >= 5*time.Second {
			said = time.Now()
			fmt.Fprintf(f.o.Out, "%s: %d of %d online after %v\n", name, online, f.o.N, time.Since(began).Round(time.Second))
		}
	}
}

// away prints what keeps devices from being online, of a few.
func (f *fleet) away() error {
	all, err := ask[[]string](f.parts, "Away", func(int) any { return None{} })
	for _, line := range slices.Concat(all...) {
		fmt.Fprintln(f.o.Out, line)
	}
	return err
}

// online counts the devices that have come online after a moment and still are. It shows codes on the way.
func (f *fleet) online(after time.Time) (n int, err error) {
	all, err := ask[Progress](f.parts, "Look", func(int) any { return after })
	for _, p := range all {
		n += p.Online
		for _, c := range p.Codes {
			if f.o.Code != nil {
				f.o.Code(c.Device, c.URI)
			}
		}
	}
	return n, err
}
