package sensor

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"periph.io/x/conn/v3/i2c"

	"github.com/paird/paird/hal/bustest"
)

// Each driver reads from the model of its sensor, which has just got power, what the datasheet works out. The models
// have no value before the time that their datasheets give a measurement.
func TestModels(t *testing.T) {
	var modelled []string
	for _, m := range bustest.SensorModels() {
		modelled = append(modelled, m.Driver)
		synctest.Test(t, func(t *testing.T) {
			s, err := New(Options{Driver: m.Driver, Bus: "I2C1", Address: m.Address, Shunt: m.Shunt})
			if err != nil {
				t.Fatal(err)
			}
			chip := m.New()
			s.open = func(string) (i2c.BusCloser, error) { return chip, nil }
			values, err := s.Read(t.Context())
			if err != nil {
				t.Fatalf("%s: %v", m.Driver, err)
			}
			for name, want := range m.Values {
				near(t, values, name, want, 0.01)
			}
			if m.Driver == "bme280" {
				near(t, values, "humidity", 55, 5)
			}
			if err := chip.Tx(m.Address^1, []byte{0}, nil); !errors.Is(err, bustest.ErrNACK) {
				t.Errorf("%s answers at another address: %v", m.Driver, err)
			}
		})
	}
	for _, name := range Drivers() {
		if !slices.Contains(modelled, name) && name != "ds18b20" {
			t.Errorf("%s has no model", name)
		}
	}
}
