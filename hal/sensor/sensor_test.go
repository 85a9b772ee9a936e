package sensor

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/i2c/i2ctest"
)

// exchange is one transaction: what must be written, and what is read then.
type exchange struct{ w, r []byte }

// script is a bus that expects exactly these transactions.
func script(addr uint16, all []exchange) *i2ctest.Playback {
	p := &i2ctest.Playback{DontPanic: true}
	for _, x := range all {
		p.Ops = append(p.Ops, i2ctest.IO{Addr: addr, W: x.w, R: x.r})
	}
	return p
}

// read runs one reading against a script, all of which must be used.
func read(t *testing.T, o Options, addr uint16, all []exchange) (map[string]float64, error) {
	t.Helper()
	p := script(addr, all)
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s.open = func(string) (i2c.BusCloser, error) { return p, nil }
	values, err := s.Read(t.Context())
	if p.Count != len(p.Ops) {
		t.Errorf("%d transactions left", len(p.Ops)-p.Count)
	}
	for name := range values {
		if s.Unit(name) == "" {
			t.Errorf("no unit for %s", name)
		}
	}
	if s.Unit("nothing") != "" {
		t.Error("a unit for nothing")
	}
	return values, err
}

func near(t *testing.T, values map[string]float64, name string, want, within float64) {
	t.Helper()
	if got, ok := values[name]; !ok || math.Abs(got-want) > within {
		t.Errorf("%s = %v, want %v", name, got, want)
	}
}

// example is the trimming of the worked example in BMP280's datasheet (BST-BMP280-DS001, section 3.12).
var example = trimming{t1: 27504, t2: 26435, t3: -1000, p1: 36477, p2: -10685, p3: 3024, p4: 2855, p5: 140, p6: -7,
	p7: 15500, p8: -14600, p9: 6000}

// burned is a trimming as the chip stores it: 88 to A1, and E1 to E7.
func burned(c trimming) (first, second []byte) {
	for _, v := range []int16{int16(c.t1), c.t2, c.t3, int16(c.p1), c.p2, c.p3, c.p4, c.p5, c.p6, c.p7, c.p8, c.p9} {
		first = binary.LittleEndian.AppendUint16(first, uint16(v))
	}
	first = append(first, 0, c.h1)
	second = binary.LittleEndian.AppendUint16(nil, uint16(c.h2))
	second = append(second, c.h3, byte(c.h4>>4), byte(c.h4&15)|byte(c.h5<<4), byte(c.h5>>4), byte(c.h6))
	return first, second
}

// TestBMP280WorkedExample: UT 519888 and UP 415148 are 25.08 degrees and 100653.27 Pa.
func TestBMP280WorkedExample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, _ := burned(example)
		values, err := read(t, Options{Driver: "bmp280", Bus: "I2C1"}, 0x76, []exchange{
			{[]byte{0xd0}, []byte{0x58}},
			{[]byte{0x88}, first},
			{[]byte{0xf4, 0x25}, nil},
			{[]byte{0xf3}, []byte{0x08}}, // still measuring
			{[]byte{0xf3}, []byte{0x00}},
			{[]byte{0xf7}, []byte{415148 >> 12, 415148 >> 4 & 0xff, 415148 << 4 & 0xff, 519888 >> 12, 519888 >> 4 & 0xff, 519888 << 4 & 0xff}},
		})
		if err != nil || len(values) != 2 {
			t.Fatal(values, err)
		}
		near(t, values, "temperature", 25.08, 0.005)
		near(t, values, "pressure", 1006.5327, 0.0001)
	})
}

// integerHumidity is the formula of section 4.2.3 in 32 bit integers, in 1/1024 percent.
func integerHumidity(c trimming, adc, fine int32) uint32 {
	v := fine - 76800
	v = (((adc << 14) - (int32(c.h4) << 20) - (int32(c.h5) * v)) + 16384) >> 15 *
		(((((((v*int32(c.h6))>>10)*(((v*int32(c.h3))>>11)+32768))>>10)+2097152)*int32(c.h2) + 8192) >> 14)
	v -= ((((v >> 15) * (v >> 15)) >> 7) * int32(c.h1)) >> 4
	return uint32(min(max(v, 0), 419430400)) >> 12
}

// TestHumidityAgreesWithTheIntegerFormula compares the two formulas of the datasheet, with the trimming of real sensors.
func TestHumidityAgreesWithTheIntegerFormula(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	inside := 0
	for range 2000 {
		c := trimming{h1: 75, h2: int16(340 + rnd.IntN(50)), h3: 0, h4: int16(290 + rnd.IntN(60)), h5: int16(rnd.IntN(60)), h6: 30}
		adc, fine := int32(22000+rnd.IntN(16000)), int32(rnd.IntN(60*5120))
		got, want := c.humidity(float64(adc), float64(fine)), float64(integerHumidity(c, adc, fine))/1024
		if math.Abs(got-want) > 0.05 {
			t.Fatalf("%+v adc %d fine %d: %v, the integer formula says %v", c, adc, fine, got, want)
		}
		if got > 1 && got < 99 {
			inside++
		}
	}
	if inside < 500 {
		t.Errorf("only %d of the comparisons lie inside 1 to 99 %%", inside)
	}
}

func TestBME280(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := example
		c.h1, c.h2, c.h3, c.h4, c.h5, c.h6 = 75, 361, 0, 326, -27, 30
		first, second := burned(c)
		script := []exchange{
			{[]byte{0xd0}, []byte{0x60}},
			{[]byte{0x88}, first},
			{[]byte{0xe1}, second},
			{[]byte{0xf2, 0x01}, nil},
			{[]byte{0xf4, 0x25}, nil},
			{[]byte{0xf3}, []byte{0x00}},
			{[]byte{0xf7}, []byte{415148 >> 12, 415148 >> 4 & 0xff, 415148 << 4 & 0xff, 519888 >> 12, 519888 >> 4 & 0xff, 519888 << 4 & 0xff, 30281 >> 8, 30281 & 0xff}},
		}
		values, err := read(t, Options{Driver: "bme280", Address: 0x77, Metric: "kitchen"}, 0x77, script)
		if err != nil || len(values) != 3 {
			t.Fatal(values, err)
		}
		near(t, values, "kitchen_temperature", 25.08, 0.005)
		near(t, values, "kitchen_pressure", 1006.5327, 0.0001)
		near(t, values, "kitchen_humidity", float64(integerHumidity(c, 30281, 128422))/1024, 0.05)
	})
}

func TestBoschRefuses(t *testing.T) {
	first, _ := burned(example)
	idle := exchange{[]byte{0xf3}, []byte{0}}
	stuck := []exchange{{[]byte{0xd0}, []byte{0x58}}, {[]byte{0x88}, first}, {[]byte{0xf4, 0x25}, nil}}
	for range 10 {
		stuck = append(stuck, exchange{[]byte{0xf3}, []byte{8}})
	}
	for want, c := range map[string]struct {
		driver string
		script []exchange
	}{
		"this is a BMP280": {"bme280", []exchange{{[]byte{0xd0}, []byte{0x58}}}},
		"another chip":     {"bmp280", []exchange{{[]byte{0xd0}, []byte{0x55}}}},
		"did not measure":  {"bmp280", []exchange{{[]byte{0xd0}, []byte{0x58}}, {[]byte{0x88}, first}, {[]byte{0xf4, 0x25}, nil}, idle, {[]byte{0xf7}, []byte{0x80, 0, 0, 0x80, 0, 0}}}},
		"does not finish":  {"bmp280", stuck},
	} {
		synctest.Test(t, func(t *testing.T) {
			if _, err := read(t, Options{Driver: c.driver}, 0x76, c.script); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
		})
	}
}

// TestBH1750WorkedExample is page 7: 83 90 is 28067 lx.
func TestBH1750WorkedExample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		values, err := read(t, Options{Driver: "bh1750", Metric: "light"}, 0x23, []exchange{{[]byte{0x20}, nil}, {nil, []byte{0x83, 0x90}}})
		if err != nil {
			t.Fatal(err)
		}
		near(t, values, "light", 28067, 0.5)
	})
}

// TestINA219WorkedExample is table 8 of SBOS448: 20 mV over 2 milliohms and 11.98 V are 10 A and 119.8 W.
func TestINA219WorkedExample(t *testing.T) {
	values, err := read(t, Options{Driver: "ina219", Shunt: 0.002}, 0x40, []exchange{{[]byte{1}, []byte{0x07, 0xd0}}, {[]byte{2}, []byte{0x5d, 0x98}}})
	if err != nil {
		t.Fatal(err)
	}
	near(t, values, "voltage", 11.98, 1e-9)
	near(t, values, "current", 10, 1e-9)
	near(t, values, "power", 119.8, 1e-6)
	values, err = read(t, Options{Driver: "ina219"}, 0x40, []exchange{{[]byte{1}, []byte{0xff, 0xff}}, {[]byte{2}, []byte{0, 0}}})
	if err != nil {
		t.Fatal(err)
	}
	near(t, values, "current", -0.0001, 1e-12) // the other way through 0.1 ohm
	if _, err := read(t, Options{Driver: "ina219"}, 0x40, []exchange{{[]byte{1}, []byte{0, 0}}, {[]byte{2}, []byte{0, 1}}}); err == nil {
		t.Error("an overflow was taken for a measurement")
	}
}

func TestReadEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := New(Options{Driver: "bh1750"})
		if err != nil {
			t.Fatal(err)
		}
		s.open = func(string) (i2c.BusCloser, error) {
			return script(0x23, []exchange{{[]byte{0x20}, nil}}), nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		start := time.Now()
		if _, err := s.Read(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 50*time.Millisecond {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

func TestBusErrorsAndUnknownDrivers(t *testing.T) {
	if _, err := New(Options{Driver: "dht22"}); err == nil {
		t.Error("an unknown driver was accepted")
	}
	for _, name := range Drivers() {
		if name == "ds18b20" {
			continue
		}
		s, err := New(Options{Driver: name, Bus: "I2C1"})
		if err != nil {
			t.Fatal(err)
		}
		gone := errors.New("no such device")
		s.open = func(string) (i2c.BusCloser, error) { return nil, gone }
		if _, err := s.Read(t.Context()); !errors.Is(err, gone) || !strings.HasPrefix(err.Error(), name+": ") {
			t.Errorf("%s: %v", name, err)
		}
		s.open = func(string) (i2c.BusCloser, error) { return deaf{}, nil }
		if _, err := s.Read(t.Context()); !errors.Is(err, errDeaf) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

var errDeaf = errors.New("no acknowledge")

type deaf struct{ i2c.BusCloser }

func (deaf) Tx(uint16, []byte, []byte) error { return errDeaf }
func (deaf) Close() error                    { return nil }

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want []string // how each error begins
	}{
		{Options{Driver: "bme280", Bus: "I2C1", Address: 0x77}, nil},
		{Options{Driver: "ds18b20"}, nil},
		{Options{Driver: "ina219", Bus: "I2C1", Shunt: 0.002}, nil},
		{Options{Driver: "dht22", Bus: "I2C1"}, []string{`driver: there is no sensor "dht22"`}},
		{Options{Driver: "ina219", Bus: "SPI0.0", Address: 0x80, Shunt: -1}, []string{`bus: "SPI0.0"`, "address: 0x80", "shunt: -1"}},
	} {
		errs := Check(c.o)
		if len(errs) != len(c.want) {
			t.Errorf("%+v: %v", c.o, errs)
			continue
		}
		for i, err := range errs {
			if !strings.HasPrefix(err.Error(), c.want[i]) {
				t.Errorf("%+v: %v, want %q", c.o, err, c.want[i])
			}
		}
	}
}
