package daemon

import (
	"context"
	"runtime/debug"
	"time"
)

// settle is how long after an event memory is given back: by then its connections are closed and its answers read.
const settle = 10 * time.Second

// giveBack returns unused memory to the system once after every run of events: a start, a pairing and a refresh need
// megabytes for TLS and JSON that an idle device does not. The Go runtime alone would keep them for many minutes.
func (d *device) giveBack(ctx context.Context) {
	afterEach(ctx, d.agent.Events(ctx), func() {
		debug.FreeOSMemory()
		unmapProgram()
	})
}

// afterEach calls free settle after its start, and after each event that settle passes after without another.
func afterEach(ctx context.Context, events <-chan []byte, free func()) {
	t := time.NewTimer(settle)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case _, open := <-events:
			if !open {
				return
			}
			t.Reset(settle)
		case <-t.C:
			free()
		}
	}
}
