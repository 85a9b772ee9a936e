package sensor

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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

// dull is an SCD4x that never has a measurement.
type dull struct{ i2c.BusCloser }

func (d dull) Tx(addr uint16, w, r []byte) error {
	const dataReady = 0xe4
	if len(w) > 0 && w[0] == dataReady {
		copy(r, []byte{0x80, 0x00, 0xa2}) // section 3.9.2: the last eleven bits are 0
		return nil
	}
	return d.BusCloser.Tx(addr, w, r)
}

// An SCD4x acknowledges no wake_up (section 3.10.3). That is not why a reading of it failed later, and is not said.
func TestSCD4xFailsForItsOwnReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := New(Options{Driver: "scd4x", Bus: "I2C1"})
		if err != nil {
			t.Fatal(err)
		}
		s.open = func(string) (i2c.BusCloser, error) {
			for _, m := range bustest.SensorModels() {
				if m.Driver == "scd4x" {
					return dull{m.New()}, nil
				}
			}
			return nil, errors.New("no model")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := s.Read(ctx); err == nil || errors.Is(err, bustest.ErrNACK) || !strings.Contains(err.Error(), "timeout") {
			t.Error(err)
		}
	})
}
