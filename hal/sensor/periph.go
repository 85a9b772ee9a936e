package sensor

import (
	"cmp"
	"context"
	"sync"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/devices/v3/aht20"
	"periph.io/x/devices/v3/hdc302x"
	"periph.io/x/devices/v3/mcp9808"
	"periph.io/x/devices/v3/scd4x"
	"periph.io/x/devices/v3/tmp102"
)

// fromPeriph are the sensors that periph drives as their datasheets say.
func fromPeriph() map[string]driver {
	t, h := metric{"temperature", "°C"}, metric{"humidity", "%"}
	return map[string]driver{
		"aht20":   {address: 0x38, metrics: []metric{t, h}, open: openAHT20},
		"hdc302x": {address: 0x44, metrics: []metric{t, h}, open: openHDC302x},
		"mcp9808": {address: 0x18, metrics: []metric{t}, open: openMCP9808},
		"scd4x":   {address: 0x62, metrics: []metric{{"co2", "ppm"}, t, h}, open: openSCD4x},
		"tmp102":  {address: 0x48, metrics: []metric{t}, open: openTMP102},
	}
}

func openAHT20(b i2c.Bus, _ uint16) (measure, error) {
	d, err := aht20.NewI2C(b, nil)
	return env(d, celsius, relative), err
}

func openHDC302x(b i2c.Bus, a uint16) (measure, error) {
	d, err := hdc302x.NewI2C(b, a, hdc302x.RateHertz)
	return env(d, celsius, relative), err
}

func openMCP9808(b i2c.Bus, a uint16) (measure, error) {
	d, err := mcp9808.New(b, &mcp9808.Opts{Addr: int(a), Res: mcp9808.Maximum})
	return env(d, celsius), err
}

func openTMP102(b i2c.Bus, a uint16) (measure, error) {
	d, err := tmp102.NewI2C(b, a, nil)
	return env(d, celsius), err
}

func openSCD4x(b i2c.Bus, a uint16) (measure, error) {
	d, err := scd4x.NewI2C(b, a)
	return func() ([]float64, error) {
		var e scd4x.Env
		err := d.Sense(&e)
		return []float64{float64(e.CO2), e.Temperature.Celsius(), relative(e.Env)}, err
	}, err
}

// env measures with a device that senses its environment.
func env(d interface{ Sense(e *physic.Env) error }, pick ...func(physic.Env) float64) measure {
	return func() ([]float64, error) {
		var e physic.Env
		err := d.Sense(&e)
		var values []float64
		for _, p := range pick {
			values = append(values, p(e))
		}
		return values, err
	}
}

func celsius(e physic.Env) float64  { return e.Temperature.Celsius() }
func relative(e physic.Env) float64 { return float64(e.Humidity) / float64(physic.PercentRH) }

// session is a device of periph's on an open bus. The first failure ends it, and the next reading begins another one. A first
// reading that is late does not end it: an SCD4x measures for five seconds before its first answer, and beginning again would
// only start the measurement again.
type session struct {
	bus     *boundedBus
	measure measure
	late    bool // the last reading outlasted its context
}

// readSession reads in the open session, or in a new one.
func (s *Sensor) readSession(ctx context.Context) (values []float64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == nil {
		b, err := s.open(s.o.Bus)
		if err != nil {
			return nil, err
		}
		s.session = &session{bus: &boundedBus{BusCloser: b}}
	}
	d := s.session
	d.bus.begin(ctx)
	if values, err = d.read(s.d.open, s.o.Address); err == nil {
		d.late = false
		return values, nil
	}
	if ctx.Err() != nil && d.measure != nil && !d.late {
		d.late = true
		return nil, context.Cause(ctx)
	}
	s.session = nil
	_ = d.bus.Close() // the first error says more
	return nil, d.bus.cause(err)
}

// read measures, with a device that it sets up the first time.
func (d *session) read(open opener, address uint16) ([]float64, error) {
	if d.measure == nil {
		m, err := open(d.bus, address)
		if err != nil {
			return nil, err
		}
		d.measure = m
	}
	return d.measure()
}

// boundedBus is a bus that fails once a context has ended: periph's drivers ask some sensors without a limit whether they are
// ready. It keeps the error of its last transaction, which the drivers may replace by one of their own. One after which a driver went
// on is not why it failed: an SCD4x never acknowledges wake_up.
type boundedBus struct {
	i2c.BusCloser
	mu  sync.Mutex
	ctx context.Context
	err error
}

// begin sets the context of the transactions that follow.
func (b *boundedBus) begin(ctx context.Context) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ctx, b.err = ctx, nil
}

func (b *boundedBus) Tx(addr uint16, w, r []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	err := context.Cause(b.ctx)
	if err == nil {
		err = b.BusCloser.Tx(addr, w, r)
	}
	b.err = err
	return err
}

// cause is the bus's own error, or else err.
func (b *boundedBus) cause(err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return cmp.Or(b.err, err)
}
