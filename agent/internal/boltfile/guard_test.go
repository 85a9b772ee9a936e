package boltfile_test

import (
	"runtime"
	"runtime/debug"
	"sync"
	"testing"

	"github.com/paird/paird/agent/internal/boltfile"
)

// The collector's setting is one for the process. Guards that overlap once left it off for good, and the process
// grew until the machine had no memory left.
func TestGuardsLeaveTheCollectorOn(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if err := boltfile.Guard(func() error { runtime.Gosched(); return nil }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if now := debug.SetGCPercent(100); now != 100 {
		t.Errorf("GOGC is %d, was 100", now)
	}
}
