package sensor

import (
	"context"
	"sync"

	"periph.io/x/conn/v3/i2c"
)

// kept is a device of periph's on its bus. It is closed by its first failure and made anew for the next reading: a sensor
// that was unplugged, or lost its power, is simply read again. Being late once is no failure: an SCD4x measures for five
// seconds before its first answer.
type kept struct {
	bus     *patient
	measure measure
	late    bool
}

// keeping reads the kept device, or a new one.
func (s *Sensor) keeping(ctx context.Context) (values []float64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		b, err := s.open(s.o.Bus)
		if err != nil {
			return nil, err
		}
		s.kept = &kept{bus: &patient{BusCloser: b}}
	}
	k := s.kept
	k.bus.until(ctx)
	if k.measure == nil {
		k.measure, err = s.d.open(k.bus, s.o.Address)
	}
	if err == nil {
		values, err = k.measure()
	}
	if err == nil {
		k.late = false
		return values, nil
	}
	if ctx.Err() != nil && k.measure != nil && !k.late {
		k.late = true
		return nil, context.Cause(ctx)
	}
	s.kept = nil
	_ = k.bus.Close() // the first error says more
	return nil, k.bus.because(err)
}

// patient is a bus whose patience ends with a context: periph's drivers ask some sensors without end whether they are
// ready. It remembers what failed, which the drivers do not always tell.
type patient struct {
	i2c.BusCloser
	mu  sync.Mutex
	ctx context.Context
	err error
}

func (p *patient) until(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ctx, p.err = ctx, nil
}

func (p *patient) Tx(addr uint16, w, r []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := context.Cause(p.ctx)
	if err == nil {
		err = p.BusCloser.Tx(addr, w, r)
	}
	if err != nil {
		p.err = err
	}
	return err
}

// because is what the bus said, if it said something.
func (p *patient) because(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return p.err
	}
	return err
}
