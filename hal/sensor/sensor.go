// Package sensor reads sensors over I2C and 1-wire. A reading begins anew each time, with opening the bus: a sensor that
// was unplugged, or lost its power, is simply read again.
package sensor

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/paird/paird/hal/internal/linuxio"
)

// Options name a sensor; the fields are the configuration's keys of the same name.
type Options struct {
	Driver  string  // bme280, bmp280, bh1750, ina219, ds18b20
	Bus     string  // "I2C1"; not for 1-wire
	Address uint16  // on I2C; 0: the driver's usual one
	ID      string  // of a 1-wire sensor, as 28-0316a2794c2f; "": the only one
	Metric  string  // its metric's name, or the prefix of its metrics' names; "": the driver's
	Shunt   float64 // of an ina219, in ohms; 0: 0.1
}

// Bus is an I2C bus. periph's i2c.BusCloser has these methods too.
type Bus interface {
	Tx(addr uint16, w, r []byte) error
	io.Closer
}

// metric is one quantity a sensor measures.
type metric struct{ name, unit string }

// driver is how a kind of sensor is read.
type driver struct {
	address uint16 // the usual one; 0: not on I2C
	metrics []metric
	read    func(ctx context.Context, d device) ([]float64, error) // a value a metric
}

// device is what a driver reads from.
type device struct {
	bus     Bus
	address uint16
	o       Options
	root    string // of the file system
}

// Sensor is one sensor. It is safe for concurrent use.
type Sensor struct {
	o    Options
	d    driver
	open func(bus string) (Bus, error)
	root string
}

func drivers(name string) (driver, bool) {
	temperature := metric{"temperature", "°C"}
	pressure := metric{"pressure", "hPa"}
	d, ok := map[string]driver{
		"bme280":  {0x76, []metric{temperature, pressure, {"humidity", "%"}}, readBME280},
		"bmp280":  {0x76, []metric{temperature, pressure}, readBMP280},
		"bh1750":  {0x23, []metric{{"illuminance", "lx"}}, readBH1750},
		"ina219":  {0x40, []metric{{"voltage", "V"}, {"current", "A"}, {"power", "W"}}, readINA219},
		"ds18b20": {0, []metric{temperature}, readDS18B20},
	}[name]
	return d, ok
}

// New returns a sensor. Nothing is opened before the first Read.
func New(o Options) (*Sensor, error) {
	d, ok := drivers(o.Driver)
	if !ok {
		return nil, fmt.Errorf("telemetry.sensor: no driver %q; one of bme280, bmp280, bh1750, ina219, ds18b20", o.Driver)
	}
	if o.Address == 0 {
		o.Address = d.address
	}
	if o.Shunt == 0 {
		o.Shunt = 0.1
	}
	return &Sensor{o: o, d: d, root: "/", open: func(bus string) (Bus, error) { return linuxio.OpenI2C(bus) }}, nil
}

// Read measures and returns a value a metric, in the metric's Unit. It takes up to 0.2 s, 1-wire 1 s.
func (s *Sensor) Read(ctx context.Context) (values map[string]float64, err error) {
	d := device{address: s.o.Address, o: s.o, root: s.root}
	if s.d.address != 0 {
		if d.bus, err = s.open(s.o.Bus); err != nil {
			return nil, fmt.Errorf("%s: %w", s, err)
		}
		defer func() { _ = d.bus.Close() }() // nothing was left to be written
	}
	read, err := s.d.read(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s, err)
	}
	values = map[string]float64{}
	for i, m := range s.d.metrics {
		values[s.name(m)] = read[i]
	}
	return values, nil
}

// Unit is the unit of a metric, as people write it; "" for a metric of another sensor.
func (s *Sensor) Unit(name string) string {
	for _, m := range s.d.metrics {
		if s.name(m) == name {
			return m.unit
		}
	}
	return ""
}

// String names the sensor for logs.
func (s *Sensor) String() string { return s.o.Driver }

// name is what a metric is called: as the driver says, or as the configuration does.
func (s *Sensor) name(m metric) string {
	switch {
	case s.o.Metric == "":
		return m.name
	case len(s.d.metrics) == 1:
		return s.o.Metric
	}
	return s.o.Metric + "_" + m.name
}

// register reads n bytes from a register on.
func (d device) register(from byte, n int) ([]byte, error) {
	b := make([]byte, n)
	return b, d.bus.Tx(d.address, []byte{from}, b)
}

// write sends bytes.
func (d device) write(b ...byte) error { return d.bus.Tx(d.address, b, nil) }

// pause waits while a sensor measures.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
