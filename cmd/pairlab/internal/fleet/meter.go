package fleet

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Kinds of what is counted.
const (
	TokenRequests = "token requests"
	Connects      = "connects"
	OnlineNow     = "online" // at the end of the second, not in it
)

// meter counts what happens in each second of a run.
type meter struct {
	began time.Time

	mu      sync.Mutex
	seconds map[string][]int
	late    []lateness
}

// lateness is by how much a timer of this process came late: the machine had no processor time for it.
type lateness struct {
	at time.Time
	by time.Duration
}

// lateFrom is what counts as late: devices that were due meanwhile come at once afterwards.
const lateFrom = 100 * time.Millisecond

// watchMachine notes when timers come late, until ctx ends.
func (m *meter) watchMachine(ctx context.Context) {
	const every = 20 * time.Millisecond
	for last := time.Now(); ctx.Err() == nil; {
		time.Sleep(every)
		now := time.Now()
		if by := now.Sub(last) - every; by >= lateFrom {
			m.mu.Lock()
			m.late = append(m.late, lateness{now, by})
			m.mu.Unlock()
		}
		last = now
	}
}

// lateSince is the worst lateness since a moment, 0 where none was worth a note.
func (m *meter) lateSince(since time.Time) (worst time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range m.late {
		if l.at.After(since) {
			worst = max(worst, l.by)
		}
	}
	return worst
}

// newMeter counts seconds since a moment.
func newMeter(began time.Time) *meter { return &meter{began: began, seconds: map[string][]int{}} }

// add counts n of a kind now.
func (m *meter) add(kind string, n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	second := int(time.Since(m.began) / time.Second)
	for len(m.seconds[kind]) <= second {
		m.seconds[kind] = append(m.seconds[kind], 0)
	}
	m.seconds[kind][second] += n
}

// isOnline notes that a device came online, or went.
func (m *meter) isOnline(online bool) {
	n := -1
	if online {
		n = 1
	}
	m.add(OnlineNow, n)
}

// counts are those of all kinds by second.
func (m *meter) counts() map[string][]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := map[string][]int{}
	for kind, seconds := range m.seconds {
		all[kind] = slices.Clone(seconds)
	}
	return all
}

// series is a kind by second, of all parts, up to now; that of OnlineNow adds up.
func series(found []Findings, kind string, began time.Time) []int {
	all := make([]int, int(time.Since(began)/time.Second)+1)
	for _, f := range found {
		for i, n := range f.Seconds[kind] {
			if i < len(all) {
				all[i] += n
			}
		}
	}
	if kind == OnlineNow {
		for i := 1; i < len(all); i++ {
			all[i] += all[i-1]
		}
	}
	return all
}

// rate is the worst second of a kind after so much of the run, and the mean of the seconds up to the last in which there was
// any.
func rate(all []int, after time.Duration) Rate {
	all = all[min(len(all)-1, int((after+time.Second-1)/time.Second)):] // whole seconds
	for len(all) > 1 && all[len(all)-1] == 0 {
		all = all[:len(all)-1]
	}
	sum := 0
	for _, n := range all {
		sum += n
	}
	return Rate{slices.Max(all), float64(sum) / float64(len(all))}
}

// percentile is the p-th, 0 to 100, of what was sorted; 0 if there is nothing.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)-1)*p/100]
}
