package telemetry_test

import (
	"flag"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var leastRatio = flag.Float64("drain-ratio", 0, "what the queue must drain at, as a part of bare paho's rate; 0: both are only tried")

// usage is what a number of runs took: of time, and of processor time.
type usage struct{ wall, busy time.Duration }

// TestDrainRatio is how fast the queue drains, most of it from the disk, as a part of what paho alone does with the
// same window: the median of seven rounds. In each both send 80,000 messages in eight runs, in the order queue, paho,
// paho, queue and so on, or the reverse: a machine that is getting slower, or has other work for a second, favours
// neither. The ratio of the processor times, which other programs disturb less, is printed beside it.
func TestDrainRatio(t *testing.T) {
	rounds, n := 7, 10_000
	if *leastRatio == 0 {
		rounds, n = 1, 100
	}
	var rates, work []float64
	for round := range rounds {
		queued, bare := drainRound(t, round, n)
		rates = append(rates, bare.wall.Seconds()/queued.wall.Seconds())
		work = append(work, bare.busy.Seconds()/queued.busy.Seconds())
		t.Logf("round %d: %.2f; by processor time %.2f; the queue sent %.0f messages a second", round+1, rates[round], work[round], float64(runs/2*n)/queued.wall.Seconds())
	}
	ratio := median(rates)
	t.Logf("the queue drains at %.2f of the rate of bare paho; by processor time %.2f", ratio, median(work))
	if ratio < *leastRatio {
		t.Errorf("%.2f is below %.2f", ratio, *leastRatio)
	}
}

const runs = 16 // of a round

// drainRound sends n messages in each run.
func drainRound(t testing.TB, round, n int) (queued, bare usage) {
	for i := range runs {
		u, send := &bare, publishBare
		if (i%4 == 0 || i%4 == 3) == (round%2 == 0) {
			u, send = &queued, drainQueue
		}
		one := send(t, n)
		u.wall, u.busy = u.wall+one.wall, u.busy+one.busy
	}
	return queued, bare
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

// watch returns the function that says what was used since.
func watch(t testing.TB) func() usage {
	runtime.GC() // of what was made before
	began, busy := time.Now(), processorTime(t)
	return func() usage { return usage{time.Since(began), processorTime(t) - busy} }
}

// processorTime is what this process has used so far (getrusage(2)).
func processorTime(t testing.TB) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
