package daemon

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Memory is given back once after the start and once after each run of events, and nothing ticks in between.
func TestMemoryIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		events, freed := make(chan []byte), atomic.Int64{}
		go afterEach(ctx, events, func() { freed.Add(1) })
		want := func(when string, n int64) {
			t.Helper()
			if synctest.Wait(); freed.Load() != n {
				t.Fatalf("%s: given back %d times, want %d", when, freed.Load(), n)
			}
		}
		time.Sleep(settle - 1)
		want("before the start has settled", 0)
		time.Sleep(24 * time.Hour)
		want("a day after the start", 1)
		for range 5 { // paired, online, ...
			events <- nil
			time.Sleep(settle - 1)
		}
		want("in a run of events", 1)
		time.Sleep(24 * time.Hour)
		want("a day after a run of events", 2)
		cancel()
		want("at the end", 2)
	})
}

// The end of the events is the end of it.
func TestMemoryWithoutEvents(t *testing.T) {
	events := make(chan []byte)
	close(events)
	afterEach(t.Context(), events, func() { t.Error("given back after the end") })
}
