package hal

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestDebounce(t *testing.T) {
	at := func(ms int) time.Time { return time.UnixMilli(int64(ms)) }
	var d debounce
	for _, step := range []struct {
		ms    int
		level bool
		edge  string // "", "down", "up"
		due   int    // -1: not due
	}{
		{0, false, "", -1},
		{100, true, "", 120}, {105, false, "", -1}, {106, true, "", 126}, {125, true, "", 126}, {126, true, "down", -1},
		{500, true, "", -1},
		{600, false, "", 620}, {610, true, "", -1}, // a spike is no edge
		{700, false, "", 720}, {740, false, "up", -1},
	} {
		e, ok := d.see(step.level, at(step.ms))
		if ok != (step.edge != "") || ok && e.Down != (step.edge == "down") {
			t.Errorf("%d ms: edge %v %v, want %q", step.ms, e, ok, step.edge)
		}
		want := time.Duration(step.due-step.ms) * time.Millisecond
		if wait := d.wait(at(step.ms)); step.due < 0 && wait >= 0 || step.due >= 0 && wait != want {
			t.Errorf("%d ms: wait %v, want until %d", step.ms, wait, step.due)
		}
	}
}

// TestDebounceProperty: edges alternate, are never closer than settleTime, and a level that stays is told.
func TestDebounceProperty(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		var d debounce
		now, level, told := time.UnixMilli(0), false, false
		last := now.Add(-time.Hour)
		for range 300 {
			now = now.Add(time.Duration(rnd.IntN(30)) * time.Millisecond)
			level = rnd.IntN(2) == 0
			if e, ok := d.see(level, now); ok {
				if e.Down == told || now.Sub(last) < settleTime {
					t.Fatalf("edge %v at %v after one at %v", e, now, last)
				}
				told, last = e.Down, now
			}
		}
		d.see(level, now)
		if d.see(level, now.Add(settleTime)); d.stable != level {
			t.Fatal("a level that stayed was not told")
		}
	}
}
