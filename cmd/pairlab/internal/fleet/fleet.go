package fleet

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/paird/paird/agent/deviceauth"
)

// Options of a fleet. N, Scenarios and the durations are required; without an Issuer the lab's own server and broker serve.
type Options struct {
	N         int
	Scenarios []string // of Scenarios, in the order wanted
	Issuer    string
	ClientID  string
	Broker    string // URL
	CAFile    string // of issuer and broker; "": the system's
	State     string // folder of the queues; "": a temporary one
	NATS      string // program of a NATS node (scripts/real/nats): a cluster of three is the broker; "": the lab's own
	TLS       bool   // the lab's server and broker are behind TLS

	Spread   time.Duration // mqtt.spread
	Interval time.Duration // telemetry.interval, and that of the numbered messages
	Lifetime time.Duration // of access tokens of the lab's server
	Stage    time.Duration // over which the fleet is switched on for the first time
	Outage   time.Duration // of broker and token endpoint
	Patience time.Duration // for all devices to be online again

	Code func(device, uri string) // a code to approve; nil: the lab's server approves
	Out  io.Writer                // of the progress

	transport http.RoundTripper
	dial      func(ctx context.Context, network, address string) (net.Conn, error)
}

// fleet is a run.
type fleet struct {
	o       Options
	servers *servers // nil: given
	meter   *meter
	devices []*device
	heap    uint64 // before there were devices
	report  Report
}

// Scenarios are what a fleet can go through.
var Scenarios = []string{"pairing", "boot", "broker", "endpoint"}

// Further scenarios need a cluster (node) or TLS (ca).
var Further = []string{"node", "ca"}

// Run takes a fleet through its scenarios. The error is that of the set-up; what went wrong with devices is in the Report.
func Run(ctx context.Context, o Options) (Report, error) {
	f := &fleet{o: o, meter: newMeter()}
	remove, err := f.setUp()
	defer remove()
	if err != nil {
		return Report{}, err
	}
	watching, end := context.WithCancel(ctx)
	go f.meter.watchMachine(watching)
	var publishers sync.WaitGroup
	for _, name := range o.Scenarios {
		if err := f.scenario(ctx, name); err != nil {
			end()
			return Report{}, err
		}
		if name == "pairing" {
			f.measureMemory()
			for i, d := range f.devices {
				publishers.Go(func() { f.publish(watching, d, time.Duration(i)*o.Interval/time.Duration(o.N)) })
			}
		}
	}
	end()
	publishers.Wait()
	f.finish(ctx)
	return f.report, nil
}

// setUp starts the servers and makes the devices, switched off. remove is to be called in any case.
func (f *fleet) setUp() (remove func(), err error) {
	remove = func() {}
	if f.o.State == "" {
		if f.o.State, err = os.MkdirTemp("", "pairlab-fleet"); err != nil {
			return remove, err
		}
		remove = func() { os.RemoveAll(f.o.State) }
	}
	f.o.dial = new(net.Dialer).DialContext
	if f.o.Issuer == "" {
		f.o.CAFile = ""
		if f.o.TLS {
			f.o.CAFile = filepath.Join(f.o.State, "ca.pem")
		}
		if f.servers, err = startServers(f.o); err != nil {
			return remove, err
		}
		folder := remove
		remove = func() { f.servers.close(); folder() }
		f.o.Issuer, f.o.Broker = f.servers.issuer, f.servers.engine.url()
		f.o.dial = func(ctx context.Context, _, address string) (net.Conn, error) {
			return f.servers.engine.dial(ctx, address)
		}
	}
	f.o.transport = deviceauth.NewTransport(f.o.CAFile)
	return remove, f.make()
}

// make makes the devices.
func (f *fleet) make() error {
	f.heap = inUse()
	for n := range f.o.N {
		d := &device{o: &f.o, id: id(n), dir: filepath.Join(f.o.State, id(n)), url: f.o.Broker, meter: f.meter}
		if err := os.MkdirAll(d.dir, 0o700); err != nil {
			return err
		}
		f.devices = append(f.devices, d)
	}
	return nil
}

// inUse is the memory of this process's heap and stacks.
func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

func (f *fleet) measureMemory() {
	f.report.DeviceBytes = (int64(inUse()) - int64(f.heap)) / int64(f.o.N)
}

// publish publishes numbered messages of a device until ctx ends.
func (f *fleet) publish(ctx context.Context, d *device, first time.Duration) {
	for wait := first; ; wait = f.o.Interval {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
			d.publish(ctx)
		}
	}
}

// scenario runs one and waits until the fleet is well again.
func (f *fleet) scenario(ctx context.Context, name string) error {
	began := time.Now()
	fmt.Fprintf(f.o.Out, "%s: %d devices\n", name, f.o.N)
	since, err := f.begin(ctx, name)
	if err != nil {
		return err
	}
	f.await(ctx, name, began)
	f.report.add(f.outcome(name, began, since))
	return nil
}

// begin does what the scenario is about, and returns from when on the fleet's way back counts.
func (f *fleet) begin(ctx context.Context, name string) (since time.Time, err error) {
	switch name {
	case "pairing":
		for _, d := range f.devices {
			time.Sleep(f.o.Stage / time.Duration(f.o.N))
			if err := d.boot(ctx); err != nil {
				return since, err
			}
		}
		return time.Now(), nil
	case "boot":
		f.each(func(d *device) error { d.stop(); d.store.expire(); return nil }) // the power is away for long
		since = time.Now()
		return since, f.each(func(d *device) error { return d.boot(ctx) })
	case "broker":
		err := f.servers.engine.restart(f.o.Outage)
		return time.Now(), err
	case "node":
		err := f.servers.engine.killNode(f.o.Outage)
		return time.Now(), err
	case "ca":
		since = time.Now()
		return since, f.servers.roll(func() { f.await(ctx, name, since) })
	case "endpoint":
		f.servers.down.Store(true)
		time.Sleep(f.o.Outage)
		f.servers.down.Store(false)
		return time.Now(), nil
	}
	return since, fmt.Errorf("no scenario %q", name)
}

// each does something with all devices at once.
func (f *fleet) each(do func(*device) error) error {
	var all sync.WaitGroup
	errs := make(chan error, len(f.devices))
	for _, d := range f.devices {
		all.Go(func() { errs <- do(d) })
	}
	all.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// await reports the progress each few seconds until all are online or patience ends.
func (f *fleet) await(ctx context.Context, name string, began time.Time) {
	limit := time.After(f.o.Patience)
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	said := time.Now()
	for f.meter.onlineNow() < f.o.N {
		select {
		case <-ctx.Done():
			return
		case <-limit:
			return
		case <-look.C:
		}
		if time.Since(said) >= 5*time.Second {
			said = time.Now()
			fmt.Fprintf(f.o.Out, "%s: %d of %d online after %v\n", name, f.meter.onlineNow(), f.o.N, time.Since(began).Round(time.Second))
		}
	}
}

// outcome sums a scenario up.
func (f *fleet) outcome(name string, began, since time.Time) Outcome {
	out := Outcome{Name: name, Began: began.Sub(f.meter.began), Online: f.meter.onlineNow(), Rates: map[string]Rate{}}
	for _, kind := range []string{TokenRequests, Connects} {
		worst, mean := f.meter.rate(kind, began)
		out.Rates[kind] = Rate{Worst: worst, Mean: mean}
	}
	for _, d := range f.devices {
		d.mu.Lock()
		if name == "pairing" || name == "boot" {
			out.Until = append(out.Until, d.came.Sub(d.booted))
		}
		d.mu.Unlock()
	}
	out.Late = f.meter.lateSince(began)
	slices.Sort(out.Until)
	out.Took = time.Since(since)
	return out
}

// finish waits until all that was accepted has come, and ends the devices.
func (f *fleet) finish(ctx context.Context) {
	for limit := time.Now().Add(f.o.Patience); f.missing() > 0 && time.Now().Before(limit) && ctx.Err() == nil; {
		time.Sleep(100 * time.Millisecond)
	}
	f.report.Lost = f.missing()
	for _, d := range f.devices {
		d.mu.Lock()
		f.report.Unpaired += d.unpaired
		f.report.Messages += len(d.accepted)
		d.mu.Unlock()
	}
	f.report.N, f.report.Spread = f.o.N, f.o.Spread
	for _, kind := range []string{TokenRequests, Connects, OnlineNow} {
		f.report.Series = append(f.report.Series, Series{kind, f.meter.series(kind)})
	}
	f.each(func(d *device) error { d.stop(); return nil })
}

// missing counts the accepted messages that have not come to the lab's broker.
func (f *fleet) missing() (n int) {
	if f.servers == nil {
		return 0
	}
	for _, d := range f.devices {
		d.mu.Lock()
		for _, text := range d.accepted {
			if !f.servers.came(d.id, text) {
				n++
			}
		}
		d.mu.Unlock()
	}
	return n
}
