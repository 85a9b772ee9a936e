package bench

import (
	"errors"
	"fmt"
	"image"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/paird/paird/hal/bustest"
)

// Frame is what the panel of a recording showed at the end of an operation.
type Frame struct {
	Operation string
	Image     *image.Gray   // 0 black or dark, 100 another colour, 128 unknown, 200 red or yellow, 255 white or lit
	Busy      time.Duration // the longest wait for BUSY
	Errors    []string      // what bus, pins and driver said
}

// Replay puts a recording on the wires of its panel's model. It also returns in what the recording is against the datasheet.
func Replay(t bustest.Traffic) (frames []Frame, violations []string, err error) {
	b, err := New(t.Panel, t.Size, time.Millisecond)
	if err != nil {
		return nil, nil, err
	}
	f := Frame{}
	for _, e := range append(t.Events, bustest.Event{Kind: "operation"}) {
		if e.Kind != "operation" {
			if err := f.take(b, e); err != nil {
				return frames, b.Violations(), fmt.Errorf("operation %q: %w", f.Operation, err)
			}
			continue
		}
		if f.Operation != "" {
			f.Image = b.Image()
			frames = append(frames, f)
		}
		f = Frame{Operation: e.Name}
	}
	return frames, b.Violations(), nil
}

func (f *Frame) take(b *Board, e bustest.Event) error {
	switch e.Kind {
	case "error":
		f.Errors = append(f.Errors, e.Name)
	case "busy":
		f.Busy = max(f.Busy, time.Duration(e.Value)*time.Millisecond)
		return b.settle()
	case "sleep": // the models need no rest
	default:
		return b.replay(e)
	}
	return nil
}

func (b *Board) replay(e bustest.Event) error {
	switch {
	case b.OLED != nil:
		return b.OLED.Replay([]bustest.Event{e})
	case b.Inks != nil:
		return bustest.Replay(b.Inks, gpio.High, []bustest.Event{e})
	}
	return bustest.Replay(b.Paper, gpio.Low, []bustest.Event{e})
}

// settleLimit is far beyond what the models need, whose refresh takes a millisecond.
const settleLimit = 2 * time.Second

// settle waits until the model's controller is idle.
func (b *Board) settle() error {
	idle := gpio.Level(b.Inks != nil)
	for start := time.Now(); b.OLED == nil && b.busy().Read() != idle; time.Sleep(time.Millisecond) {
		if time.Since(start) > settleLimit {
			return errors.New("BUSY never ends: the controller sleeps, or got what it does not know")
		}
	}
	return nil
}
