package hal

import (
	"errors"
	"log/slog"
	"os"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// openButton watches a button on a pin.
func (b *Board) openButton(hw hardware, o Options, e *edges) error {
	if o.ButtonPin == "" {
		return nil
	}
	line, err := hw.pin(o.ButtonPin)
	if err != nil {
		return err
	}
	idle := gpio.PullDown
	if o.ActiveLow {
		idle = gpio.PullUp
	}
	if err := line.In(idle, gpio.BothEdges); err != nil {
		return errors.Join(err, line.Close())
	}
	b.close = append(b.close, watchButton(contact{line, gpio.Level(!o.ActiveLow)}, e, o.Log))
	return nil
}

// contact is a button's pin and the level it has when pressed.
type contact struct {
	pin
	pressed gpio.Level
}

// watchButton tells the edges of a pin until the function it returns is called.
func watchButton(pin contact, e *edges, log *slog.Logger) (stop func() error) {
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

func readButton(pin contact, e *edges, log *slog.Logger) {
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
func buttonStep(pin contact, d *debounce, e *edges) error {
	level := pin.Read()
	if err := pin.Err(); err != nil {
		return err
	}
	if edge, ok := d.see(level == pin.pressed, time.Now()); ok {
		e.put(edge.Down, edge.At)
	}
	pin.WaitForEdge(d.wait(time.Now()))
	return pin.Err()
}

// openLED takes the LED's pin, dark at first.
func (b *Board) openLED(hw hardware, o Options) error {
	if o.LEDPin == "" {
		return nil
	}
	pin, err := hw.pin(o.LEDPin)
	if err != nil {
		return err
	}
	b.close = append(b.close, pin.Close)
	b.LED = bothLEDs(b.LED, func(on bool) error { return pin.Out(gpio.Level(on)) })
	return pin.Out(gpio.Low)
}

// bothLEDs drives the simulator's LED and the pin's.
func bothLEDs(first, second func(bool) error) func(bool) error {
	if first == nil {
		return second
	}
	return func(on bool) error { return errors.Join(first(on), second(on)) }
}
