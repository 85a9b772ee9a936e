package hal

import (
	"image"
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

func TestCloseWithNobodyReading(t *testing.T) {
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
