package fleet

import (
	"context"
	"slices"
	"time"
)

// outcome sums a scenario up.
func (f *fleet) outcome(name string, began time.Time) (Outcome, error) {
	out := Outcome{Name: name, Began: began.Sub(f.began), Rates: map[string]Rate{}, Late: f.meter.lateSince(began)}
	found, err := f.find(began)
	if err != nil {
		return out, err
	}
	if name == "pairing" {
		f.report.DeviceBytes = f.bytes(found) / int64(f.o.N)
	}
	for _, kind := range []string{TokenRequests, Connects} {
		out.Rates[kind] = rate(series(found, kind, f.began), out.Began)
	}
	for _, p := range found {
		out.Late = max(out.Late, p.Late)
		if name == "pairing" || name == "boot" {
			out.Until = append(out.Until, p.Until...)
		}
	}
	slices.Sort(out.Until)
	out.Online, err = f.online(time.Time{})
	return out, err
}

func (f *fleet) find(since time.Time) ([]Findings, error) {
	return ask[Findings](f.parts, "Find", func(int) any { return since })
}

// bytes is the memory that the devices have taken, in all processes.
func (f *fleet) bytes(found []Findings) int64 {
	all := int64(inUse()) - int64(f.heap)
	if len(f.parts.children) == 0 {
		return all
	}
	for _, p := range found {
		all += p.Bytes
	}
	return all
}

// finish waits until all that was accepted has come, and ends the devices.
func (f *fleet) finish(ctx context.Context) error {
	if err := f.parts.do("Quiet"); err != nil {
		return err
	}
	found, err := f.find(time.Now())
	if err != nil {
		return err
	}
	for limit := time.Now().Add(f.o.Timeout); f.missing(found) > 0 && time.Now().Before(limit) && ctx.Err() == nil; {
		time.Sleep(200 * time.Millisecond)
	}
	f.report.Lost = f.missing(found)
	if found, err = f.find(time.Now()); err != nil {
		return err
	}
	for _, p := range found {
		f.report.Unpaired += p.Unpaired
		for _, n := range p.Accepted {
			f.report.Messages += n
		}
	}
	f.report.N, f.report.Spread, f.report.Processes = f.o.N, f.o.Spread, len(f.parts.children)
	for _, kind := range []string{TokenRequests, Connects, OnlineNow} {
		f.report.Series = append(f.report.Series, Series{kind, series(found, kind, f.began)})
	}
	return f.parts.do("Stop")
}

// missing counts the accepted messages that have not come to the lab's broker.
func (f *fleet) missing(found []Findings) (n int) {
	if f.servers == nil {
		return 0
	}
	first := 0
	for _, p := range found {
		for i, accepted := range p.Accepted {
			n += f.servers.missing(id(first+i), accepted)
		}
		first += len(p.Accepted)
	}
	return n
}
