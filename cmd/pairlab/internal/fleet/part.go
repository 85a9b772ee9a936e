package fleet

import (
	"context"
	"io"
	"net/http"
	"net/rpc"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/paird/paird/agent/deviceauth"
)

// Share is what a part of the fleet has to know.
type Share struct {
	Settings
	First, N int       // its devices
	Of       int       // devices in the whole fleet
	Nodes    []string  // host:port of the broker's nodes, connected to in turn; none: that of the URL
	Began    time.Time // the run, from which on seconds are counted
}

// Findings are what a part has seen.
type Findings struct {
	Seconds  map[string][]int // of each kind
	Until    []time.Duration  // from the start of each device until it was online
	Late     time.Duration    // the worst since the moment that was asked for
	Accepted []int            // numbered messages of each device
	Unpaired int
	Bytes    int64 // of heap and stacks since the devices were made
}

// Progress is how far a part has come.
type Progress struct {
	Online int
	Codes  []Code // that wait for approval, each once
}

// Code is one to approve.
type Code struct{ Device, URI string }

// None is where a call has no argument or no answer.
type None struct{}

// part is the devices of one process. Its exported methods are called by the run, over a pipe.
type part struct {
	share     Share
	transport http.RoundTripper // the devices share one pool of connections
	nodes     turn
	meter     *meter
	devices   []*device
	heap      uint64 // before there were devices
	ctx       context.Context
	end       func()

	publishing context.Context
	quiet      func() // ends publishing
	publishers sync.WaitGroup

	mu    sync.Mutex
	codes []Code
}

// ServePart serves a part until the run closes the connection.
func ServePart(conn io.ReadWriteCloser) error {
	p := new(part)
	p.ctx, p.end = context.WithCancel(context.Background())
	p.publishing, p.quiet = context.WithCancel(p.ctx)
	defer p.end()
	s := rpc.NewServer()
	if err := s.RegisterName("Part", p); err != nil {
		return err
	}
	s.ServeConn(conn)
	return nil
}

// Make makes the devices, switched off.
func (p *part) Make(s Share, _ *None) error {
	p.share, p.transport, p.meter, p.heap = s, deviceauth.NewTransport(s.CAFile), newMeter(s.Began), inUse()
	p.nodes.addresses = s.Nodes
	go p.meter.watchMachine(p.ctx)
	for n := range s.N {
		d := newDevice(p, s.First+n)
		if err := os.MkdirAll(d.dir, 0o700); err != nil {
			return err
		}
		p.devices = append(p.devices, d)
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

// Pair switches the devices on for the first time, one after another.
func (p *part) Pair(None, *None) error {
	for _, d := range p.devices {
		time.Sleep(p.share.Stage / time.Duration(p.share.N))
		if err := d.boot(p.ctx); err != nil {
			return err
		}
	}
	return nil
}

// Publish has each device publish numbered messages until Quiet.
func (p *part) Publish(None, *None) error {
	for i, d := range p.devices {
		first := time.Duration(p.share.First+i) * p.share.Interval / time.Duration(p.share.Of)
		p.publishers.Go(func() { d.publishEach(p.publishing, first) })
	}
	return nil
}

// Quiet ends what Publish has begun.
func (p *part) Quiet(None, *None) error { p.quiet(); p.publishers.Wait(); return nil }

// Cut switches the devices off, for longer than their access tokens live, and opens them again. For that each board has
// a processor of its own; here all would take their turn, and what is due meanwhile would come at once.
func (p *part) Cut(None, *None) error {
	return p.each(func(d *device) error { d.stop(); d.store.expire(); return d.open() })
}

// Boot runs them, all at once.
func (p *part) Boot(None, *None) error {
	return p.each(func(d *device) error { d.run(p.ctx); return nil })
}

// Stop switches them off for good.
func (p *part) Stop(None, *None) error {
	return p.each(func(d *device) error { d.stop(); return nil })
}

// each does something with all devices at once.
func (p *part) each(do func(*device) error) error {
	var all sync.WaitGroup
	errs := make(chan error, len(p.devices))
	for _, d := range p.devices {
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

// Look counts the devices that are online and have come online after a moment.
func (p *part) Look(after time.Time, out *Progress) error {
	for _, d := range p.devices {
		if d.onlineAfter(after) {
			out.Online++
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	out.Codes, p.codes = p.codes, nil
	return nil
}

// Away describes the devices that are not online, a few of them.
func (p *part) Away(_ None, out *[]string) error {
	const few = 5
	for _, d := range p.devices {
		if len(*out) < few && !d.onlineAfter(time.Time{}) {
			*out = append(*out, d.state())
		}
	}
	return nil
}

func (p *part) code(device, uri string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.codes = append(p.codes, Code{device, uri})
}

// Find sums up; lateness counts since a moment.
func (p *part) Find(since time.Time, out *Findings) error {
	out.Bytes = int64(inUse()) - int64(p.heap)
	out.Seconds, out.Late = p.meter.counts(), p.meter.lateSince(since)
	for _, d := range p.devices {
		d.mu.Lock()
		if !d.came.IsZero() {
			out.Until = append(out.Until, d.came.Sub(d.booted))
		}
		out.Accepted = append(out.Accepted, d.accepted)
		out.Unpaired += d.unpaired
		d.mu.Unlock()
	}
	return nil
}
