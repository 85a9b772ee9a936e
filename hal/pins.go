package hal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// pins are those of button and LED. Each is opened by a function, which returns the one that closes it.
type pins struct {
	missing []func() (func() error, error) // not open yet
	held    []func() error
}

// openPins opens button and LED. What cannot be opened is in PinFault: it ends no program, which a phone and `paird pair` reach too.
func (b *Board) openPins(hw Hardware, o Options, e *edges) {
	if o.ButtonPin != "" {
		b.pins.missing = append(b.pins.missing, func() (func() error, error) { return openButton(hw, o, e) })
	}
	if o.LEDPin != "" {
		l := &lamp{}
		b.LED = bothLEDs(b.LED, l.set)
		b.pins.missing = append(b.pins.missing, func() (func() error, error) { return l.open(hw, o.LEDPin) })
	}
	b.PinFault = b.pins.open()
	b.close = append(b.close, b.pins.close)
}

// open opens what is missing. Its error is one line.
func (p *pins) open() error {
	var missing []func() (func() error, error)
	var all error
	for _, open := range p.missing {
		done, err := open()
		switch {
		case err == nil:
			p.held = append(p.held, done)
			continue
		case all == nil:
			all = err
		default:
			all = fmt.Errorf("%w; %w", all, err)
		}
		missing = append(missing, open)
	}
	p.missing = missing
	return all
}

func (p *pins) close() error {
	var errs []error
	for _, done := range p.held {
		errs = append(errs, done())
	}
	p.held = nil
	return errors.Join(errs...)
}

// AwaitPins tries every ten seconds to open what PinFault is about, until all is open or ctx ends: another program may have held a
// pin. report gets what is still wrong whenever that changes, and nil in the end. It must have returned before Close.
func (b *Board) AwaitPins(ctx context.Context, report func(error)) {
	last := fmt.Sprint(b.PinFault)
	for len(b.pins.missing) > 0 {
		select {
		case <-ctx.Done():
			return
		case <-time.After(checkEvery):
		}
		err := b.pins.open()
		if now := fmt.Sprint(err); now != last {
			report(err)
			last = now
		}
	}
}

// lamp is an LED on a pin, which gets its state when it is open.
type lamp struct {
	mu  sync.Mutex
	pin Line // nil: not open yet
	on  bool
}

func (l *lamp) open(hw Hardware, name string) (stop func() error, err error) {
	pin, err := hw.Line(name)
	if err != nil {
		return nil, fmt.Errorf("LED: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := pin.Out(gpio.Level(l.on)); err != nil {
		return nil, errors.Join(fmt.Errorf("LED: %w", err), pin.Close())
	}
	l.pin = pin
	return pin.Close, nil
}

func (l *lamp) set(on bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.on = on
	if l.pin == nil {
		return nil
	}
	return l.pin.Out(gpio.Level(on))
}

// bothLEDs drives the simulator's LED and the pin's.
func bothLEDs(first, second func(bool) error) func(bool) error {
	if first == nil {
		return second
	}
	return func(on bool) error { return errors.Join(first(on), second(on)) }
}
