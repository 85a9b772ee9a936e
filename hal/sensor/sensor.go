package sensor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"periph.io/x/conn/v3/i2c"

	"github.com/paird/paird/hal/internal/linuxio"
)

// Options name a sensor; the fields are the configuration's keys of the same name.
type Options struct {
	Driver  string  // one of Drivers
	Bus     string  // "I2C1"; not for 1-wire
	Address uint16  // on I2C; 0: the driver's usual one
	ID      string  // of a 1-wire sensor, as 28-0316a2794c2f; "": the only one
	Metric  string  // its metric's name, or the prefix of its metrics' names; "": the driver's
	Shunt   float64 // of an ina219, in ohms; 0: 0.1
}

// metric is one quantity a sensor measures.
type metric struct{ name, unit string }

// driver is how a kind of sensor is read: by our own code (read), or by a device of periph's (open).
type driver struct {
	address uint16 // the usual one; 0: not on I2C
	metrics []metric
	read    func(ctx context.Context, d device) ([]float64, error) // a value a metric
	open    opener
}

// opener sets a device up.
type opener func(b i2c.Bus, address uint16) (measure, error)

// measure measures once: a value a metric.
type measure func() ([]float64, error)

// device is what a driver reads from.
type device struct {
	bus     i2c.Bus
	address uint16
	o       Options
	root    string // of the file system
}

// Sensor is one sensor. It is safe for concurrent use.
type Sensor struct {
	o    Options
	d    driver
	open func(bus string) (i2c.BusCloser, error)
	root string

	mu      sync.Mutex
	session *session // with a device of periph's; nil: none is open
}

func drivers() map[string]driver {
	temperature := metric{"temperature", "°C"}
	pressure := metric{"pressure", "hPa"}
	humidity := metric{"humidity", "%"}
	all := map[string]driver{
		"bme280":  {address: 0x76, metrics: []metric{temperature, pressure, humidity}, read: readBME280},
		"bmp280":  {address: 0x76, metrics: []metric{temperature, pressure}, read: readBMP280},
		"bh1750":  {address: 0x23, metrics: []metric{{"illuminance", "lx"}}, read: readBH1750},
		"ina219":  {address: 0x40, metrics: []metric{{"voltage", "V"}, {"current", "A"}, {"power", "W"}}, read: readINA219},
		"ds18b20": {metrics: []metric{temperature}, read: readDS18B20},
	}
	maps.Copy(all, fromPeriph())
	return all
}

// Drivers names every kind of sensor.
func Drivers() []string {
	var names []string
	for name := range drivers() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Check returns every fault of o that can be known without opening the bus: `KEY: what is wrong, what to do`, with the keys of
// one [[telemetry.sensor]].
func Check(o Options) []error {
	d, ok := drivers()[o.Driver]
	if !ok {
		return []error{fmt.Errorf("driver: there is no sensor %q, choose from %s", o.Driver, strings.Join(Drivers(), ", "))}
	}
	var errs []error
	if _, ok := linuxio.I2CPath(o.Bus); !ok && d.address != 0 {
		errs = append(errs, fmt.Errorf("bus: %q is no I2C bus, which %s needs, write \"I2C1\"", o.Bus, o.Driver))
	}
	if o.Address != 0 && (o.Address < 0x08 || o.Address > 0x77) {
		errs = append(errs, fmt.Errorf("address: 0x%02X is out of range, choose from 0x08 to 0x77", o.Address))
	}
	if o.Shunt < 0 || o.Shunt > 100 {
		errs = append(errs, fmt.Errorf("shunt: %g is no shunt, write its resistance in ohms, such as 0.1", o.Shunt))
	}
	return errs
}

// New returns a sensor. Nothing is opened before the first Read.
func New(o Options) (*Sensor, error) {
	d, ok := drivers()[o.Driver]
	if !ok {
		return nil, fmt.Errorf("driver: there is no sensor %q, choose from %s", o.Driver, strings.Join(Drivers(), ", "))
	}
	if o.Address == 0 {
		o.Address = d.address
	}
	if o.Shunt == 0 {
		o.Shunt = 0.1
	}
	return &Sensor{o: o, d: d, root: "/", open: openI2C}, nil
}

func openI2C(bus string) (i2c.BusCloser, error) { return linuxio.OpenI2C(bus) }

// Read measures and returns a value a metric, in the metric's Unit. It takes up to 0.2 s, 1-wire 1 s.
func (s *Sensor) Read(ctx context.Context) (values map[string]float64, err error) {
	read := s.readOnce
	if s.d.open != nil {
		read = s.readSession
	}
	measured, err := read(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s, err)
	}
	values = map[string]float64{}
	for i, m := range s.d.metrics {
		values[s.name(m)] = measured[i]
	}
	return values, nil
}

// readOnce opens the bus for one reading.
func (s *Sensor) readOnce(ctx context.Context) ([]float64, error) {
	d := device{address: s.o.Address, o: s.o, root: s.root}
	if s.d.address != 0 {
		b, err := s.open(s.o.Bus)
		if err != nil {
			return nil, err
		}
		defer func() { _ = b.Close() }() // it was only read
		d.bus = b
	}
	return s.d.read(ctx, d)
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
