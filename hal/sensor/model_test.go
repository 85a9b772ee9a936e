package sensor

import (
	"testing"

	"periph.io/x/conn/v3/i2c"

	"github.com/paird/paird/hal/bustest"
)

// The registers of a BME280 that has just got power hold nothing measured; the driver measures first.
func TestBME280Model(t *testing.T) {
	s, err := New(Options{Driver: "bme280", Bus: "I2C1"})
	if err != nil {
		t.Fatal(err)
	}
	s.open = func(string) (i2c.BusCloser, error) { return bustest.NewBME280(0x76), nil }
	values, err := s.Read(t.Context())
	if err != nil || len(values) != 3 {
		t.Fatal(values, err)
	}
	near(t, values, "temperature", 25.08, 0.005)
	near(t, values, "pressure", 1006.5327, 0.0001)
	near(t, values, "humidity", 55, 5)
}
