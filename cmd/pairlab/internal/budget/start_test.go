//go:build real

package budget

import (
	"bytes"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
)

// starts is how many starts are measured; the figure is their median.
const starts = 7

// frames are the contents of the panel's file, each with the time at which it was first seen.
type frames struct {
	at   []time.Time
	seen [][]byte
}

// watchPanel collects frames until stop is closed.
func watchPanel(path string, stop <-chan struct{}) frames {
	var f frames
	for tick := time.NewTicker(time.Millisecond); ; {
		select {
		case <-stop:
			tick.Stop()
			return f
		case <-tick.C:
		}
		b, err := os.ReadFile(path)
		if err == nil && (len(f.seen) == 0 || !bytes.Equal(b, f.seen[len(f.seen)-1])) {
			f.at, f.seen = append(f.at, time.Now()), append(f.seen, b)
		}
	}
}

// showing is when the frame that is shown at a moment came.
func (f frames) showing(moment time.Time) time.Time {
	i := len(f.at) - 1
	for i > 0 && f.at[i].After(moment) {
		i--
	}
	return f.at[i]
}

// From the start of the program to the first frame, and to the code on the panel; from the tokens to the first message.
func TestStart(t *testing.T) {
	var first, code, publish []time.Duration
	for range starts {
		began, f, issued, published := startOnce(t)
		publish = append(publish, published)
		first = append(first, f.at[0].Sub(began))
		code = append(code, f.showing(issued.Add(300*time.Millisecond)).Sub(began))
	}
	t.Logf("first frame after %v, code after %v, first message after %v", first, code, publish)
	budget(t, "start-to-frame", median(first).Seconds()*1e3)
	budget(t, "start-to-code", median(code).Seconds()*1e3)
	budget(t, "token-to-publish", median(publish).Seconds()*1e3)
}

func startOnce(t *testing.T) (began time.Time, f frames, issued time.Time, published time.Duration) {
	l := newLab(t)
	d, path := l.device("png", "auto")
	stop, done := make(chan struct{}), make(chan frames)
	go func() { done <- watchPanel(path, stop) }()
	began = time.Now()
	d.Start()
	issued = <-l.codes
	time.Sleep(400 * time.Millisecond)
	close(stop)
	f = <-done
	l.codes <- issued
	l.approve()
	published = l.published(e2e.DeviceID)
	d.Stop()
	if len(f.at) == 0 {
		t.Fatal("nothing was drawn")
	}
	return began, f, issued, published
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}
