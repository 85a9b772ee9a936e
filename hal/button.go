package hal

import (
	"errors"
	"log/slog"
	"os"
	"time"
)

// openButton watches a button on a pin.
func (b *Board) openButton(hw hardware, o Options, e *edges) error {
	if o.ButtonPin == "" {
		return nil
	}
	pin, err := hw.button(o.ButtonPin, o.ActiveLow)
	if err != nil {
		return err
	}
	b.close = append(b.close, watchButton(pin, e, o.Log))
	return nil
}

// watchButton tells the edges of a pin until the function it returns is called.
func watchButton(pin inputPin, e *edges, log *slog.Logger) (stop func() error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		readButton(pin, e, log)
	}()
	return func() error {
		err := pin.Close()
		<-done
		return err
	}
}

func readButton(pin inputPin, e *edges, log *slog.Logger) {
	var d debounce
	for failed := false; ; {
		err := buttonStep(pin, &d, e)
		switch {
		case errors.Is(err, os.ErrClosed) || e.isClosed():
			return
		case err == nil:
			failed = false
			continue
		case !failed:
			log.Error("the button cannot be read", "err", err)
			failed = true
		}
		time.Sleep(time.Second) // a pin that fails at once must not keep the processor busy
	}
}

// buttonStep reads the level, tells the edge that is certain, and waits for the next change.
func buttonStep(pin inputPin, d *debounce, e *edges) error {
	level, err := pin.Read()
	if err != nil {
		return err
	}
	if edge, ok := d.see(level, time.Now()); ok {
		e.put(edge.Down, edge.At)
	}
	_, err = pin.WaitEdge(d.due())
	return err
}

// openLED takes the LED's pin, dark at first.
func (b *Board) openLED(hw hardware, o Options) error {
	if o.LEDPin == "" {
		return nil
	}
	pin, err := hw.output(o.LEDPin, false)
	if err != nil {
		return err
	}
	b.close = append(b.close, pin.Close)
	b.LED = bothLEDs(b.LED, pin.Out)
	return nil
}

// bothLEDs drives the simulator's LED and the pin's.
func bothLEDs(first, second func(bool) error) func(bool) error {
	if first == nil {
		return second
	}
	return func(on bool) error { return errors.Join(first(on), second(on)) }
}
