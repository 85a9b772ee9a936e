package fleet

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Report is what a run showed.
type Report struct {
	N           int
	Processes   int // for the devices, besides that of the servers; 0: none
	Spread      time.Duration
	Outcomes    []Outcome
	Series      []Series
	Messages    int // accepted
	Lost        int // accepted, and not arrived at the lab's broker
	Unpaired    int
	DeviceBytes int64 // heap and stacks of a device, with its share of server and broker
}

// Outcome is that of one scenario.
type Outcome struct {
	Name   string
	Began  time.Duration // since the begin of the run
	Took   time.Duration // until all were online again, or the time was up
	Online int
	Until  []time.Duration // from the start of each device until it was online, sorted; of "pairing" and "boot"
	Rates  map[string]Rate
	Late   time.Duration // the worst that a timer of this process came late
}

// Rate is of one kind of request.
type Rate struct {
	Worst int     // in one second
	Mean  float64 // a second, up to the last one
}

// Series is a kind by second.
type Series struct {
	Kind    string
	Seconds []int
}

func (r *Report) add(o Outcome) { r.Outcomes = append(r.Outcomes, o) }

// Failed says what a fleet must not do, "" if it did not.
func (r *Report) Failed() string {
	for _, o := range r.Outcomes {
		if o.Online < r.N {
			return fmt.Sprintf("%s: %d of %d online at the end", o.Name, o.Online, r.N)
		}
	}
	switch {
	case r.Lost > 0:
		return fmt.Sprintf("%d of %d messages are lost", r.Lost, r.Messages)
	case r.Unpaired > 0:
		return fmt.Sprintf("%d un-pairings", r.Unpaired)
	}
	return ""
}

// Text writes the report as a table.
func (r *Report) Text(w io.Writer) {
	fmt.Fprintf(w, "\n%d devices in %d processes, spread %v; %d KB a device, with its share of server and broker; %d messages, %d lost; %d un-pairings\n\n",
		r.N, max(1, r.Processes), r.Spread, r.DeviceBytes>>10, r.Messages, r.Lost, r.Unpaired)
	fmt.Fprintf(w, "late: the most that a timer came late for want of a processor; what was due meanwhile comes in one second\n\n")
	fmt.Fprintf(w, "%-10s %8s %8s %8s %30s %30s %36s\n", "scenario", "online", "within", "late", "token requests/s worst (mean)", "connects/s worst (mean)", "start to online 50/95/99/100 %")
	for _, o := range r.Outcomes {
		fmt.Fprintf(w, "%-10s %8d %8s %8s %30s %30s %36s\n", o.Name, o.Online, o.Took.Round(100*time.Millisecond), o.Late.Round(time.Millisecond),
			r.rate(o, TokenRequests), r.rate(o, Connects), o.percentiles())
	}
}

func (r *Report) rate(o Outcome, kind string) string {
	rate := o.Rates[kind]
	return fmt.Sprintf("%d = %.2f %% (%.1f)", rate.Worst, 100*float64(rate.Worst)/float64(r.N), rate.Mean)
}

func (o Outcome) percentiles() string {
	if len(o.Until) == 0 {
		return "-"
	}
	var all []string
	for _, p := range []int{50, 95, 99, 100} {
		all = append(all, percentile(o.Until, p).Round(10*time.Millisecond).String())
	}
	return strings.Join(all, " ")
}
