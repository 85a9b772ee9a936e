package hal

import (
	"io"
	"testing"
	"testing/synctest"
	"time"
)

func TestSpaceKeyIsAButton(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read, write := io.Pipe()
		e := newEdges()
		stop := watchKeys(read, e)
		start := time.Now()
		type key struct {
			at  time.Duration
			key string
		}
		strokes := []key{{time.Second, " "}, {3 * time.Second, "x"}}
		for at := 5 * time.Second; at <= 8*time.Second; at += 500 * time.Millisecond { // held: the key repeats
			strokes = append(strokes, key{at, " "})
		}
		go func() {
			for _, k := range strokes {
				time.Sleep(time.Until(start.Add(k.at)))
				_, _ = io.WriteString(write, k.key) // fails once the test has ended
			}
		}()
		for _, want := range []struct {
			down bool
			at   time.Duration
		}{{true, time.Second}, {false, time.Second + releaseAfter}, {true, 5 * time.Second}, {false, 8*time.Second + releaseAfter}} {
			if got := <-e.out; got.Down != want.down || got.At.Sub(start) != want.at {
				t.Errorf("edge %v at %v, want %+v", got.Down, got.At.Sub(start), want)
			}
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}
