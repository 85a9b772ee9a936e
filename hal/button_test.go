package hal

import (
	"image"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

func TestButtonAndLED(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newOLEDBoard(image.Pt(128, 64))
		b, err := open(t.Context(), Options{ButtonPin: "GPIO17", ActiveLow: true, LEDPin: "GPIO27"}, f)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.LED(true); err != nil || !f.led {
			t.Error("the LED stays dark:", err)
		}
		start := time.Now()
		go func() {
			for _, step := range []struct {
				wait  time.Duration
				level bool
			}{{time.Second, true}, {2, false}, {3, true}, {3 * time.Second, false}, {time.Millisecond, true}, {time.Millisecond, false}} {
				time.Sleep(step.wait)
				f.contact.press(step.level)
			}
		}()
		for _, want := range []struct {
			down  bool
			at    time.Duration
			known time.Duration
		}{{true, time.Second + 5, time.Second + 5 + settleTime}, {false, 4*time.Second + 5 + 2*time.Millisecond, 4*time.Second + 5 + 2*time.Millisecond + settleTime}} {
			e := <-b.Edges
			if e.Down != want.down || e.At.Sub(start) != want.at || time.Since(start) != want.known {
				t.Errorf("edge %v of %v at %v, want %+v", e.Down, e.At.Sub(start), time.Since(start), want)
			}
		}
		f.contact.fail(errMissing) // a pin that fails does not end the button, and does not spin
		f.contact.press(true)
		time.Sleep(10 * time.Second)
		f.contact.fail(nil)
		if e := <-b.Edges; !e.Down {
			t.Error("the button did not come back")
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestCloseWithoutAReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newOLEDBoard(image.Pt(128, 64))
		b, err := open(t.Context(), Options{ButtonPin: "GPIO17"}, f)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 50 {
			f.contact.press(i%2 == 0)
			time.Sleep(time.Second)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

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

// TestDebounceProperty: edges alternate, are never closer than settleTime, and a level that stays becomes an edge.
func TestDebounceProperty(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		var d debounce
		now, level, sent := time.UnixMilli(0), false, false
		last := now.Add(-time.Hour)
		for range 300 {
			now = now.Add(time.Duration(rnd.IntN(30)) * time.Millisecond)
			level = rnd.IntN(2) == 0
			if e, ok := d.see(level, now); ok {
				if e.Down == sent || now.Sub(last) < settleTime {
					t.Fatalf("edge %v at %v after one at %v", e, now, last)
				}
				sent, last = e.Down, now
			}
		}
		d.see(level, now)
		if d.see(level, now.Add(settleTime)); d.stable != level {
			t.Fatal("a level that stayed made no edge")
		}
	}
}
