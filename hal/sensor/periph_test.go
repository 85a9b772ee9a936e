package sensor

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/i2c"
)

// TestFromPeriph: the worked values of the datasheets, and what goes over the wire.
func TestFromPeriph(t *testing.T) {
	for name, c := range map[string]struct {
		addr   uint16
		script []exchange
		want   map[string]float64
	}{
		"aht20": {0x38, []exchange{ // section 5.4 and 6: half scale is 50 %, 50 degrees
			{[]byte{0x71}, []byte{0x18}},
			{[]byte{0xac, 0x33, 0x00}, nil},
			{nil, []byte{0x18, 0x80, 0x00, 0x08, 0x00, 0x00, 0xd4}},
		}, map[string]float64{"temperature": 50, "humidity": 50}},
		"mcp9808": {0x18, []exchange{
			{[]byte{0x08, 0x03}, nil},
			{[]byte{0x01, 0x00, 0x00}, nil},
			{[]byte{0x05}, []byte{0xc1, 0x94}}, // 25.25 degrees
		}, map[string]float64{"temperature": 25.25}},
		"tmp102": {0x48, []exchange{
			{[]byte{0x01}, []byte{0x60, 0xa0}},
			{[]byte{0x01, 0x60, 0xa0}, nil},
			{[]byte{0x00}, []byte{0x19, 0x00}}, // table 2: 25 degrees
		}, map[string]float64{"temperature": 25}},
	} {
		synctest.Test(t, func(t *testing.T) {
			values, err := read(t, Options{Driver: name}, c.addr, c.script)
			if err != nil || len(values) != len(c.want) {
				t.Errorf("%s: %v, %v", name, values, err)
			}
			for m, v := range c.want {
				near(t, values, m, v, 0.01)
			}
		})
	}
}

// endless is a sensor that answers and is never ready.
type endless struct {
	i2c.BusCloser
	closed int
}

func (*endless) Tx(_ uint16, _, r []byte) error {
	clear(r)
	return nil
}

func (e *endless) Close() error {
	e.closed++
	return nil
}

// TestPeriphIsNotWaitedForWithoutEnd: a device that keeps its driver busy ends with the context, and the bus is closed.
func TestPeriphIsNotWaitedForWithoutEnd(t *testing.T) {
	for _, name := range []string{"aht20", "hdc302x", "scd4x"} {
		synctest.Test(t, func(t *testing.T) {
			b := &endless{}
			s, err := New(Options{Driver: name})
			if err != nil {
				t.Fatal(err)
			}
			s.open = func(string) (i2c.BusCloser, error) { return b, nil }
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			start := time.Now()
			_, err = s.Read(ctx)
			if errors.Is(err, context.DeadlineExceeded) && b.closed == 0 { // the first late reading does not end the session
				_, err = s.Read(ctx)
			}
			if err == nil || b.closed != 1 || time.Since(start) > 13*time.Second {
				t.Errorf("%s: after %v: %v, closed %d times", name, time.Since(start), err, b.closed)
			}
		})
	}
}

// slowCO2 is an SCD4x: it answers five seconds after it was started, every five seconds.
type slowCO2 struct {
	i2c.BusCloser
	started time.Time
	starts  int
}

func (c *slowCO2) Tx(_ uint16, w, r []byte) error {
	word := func(v uint16) []byte {
		b := []byte{byte(v >> 8), byte(v)}
		crc := byte(0xff)
		for _, x := range b {
			crc ^= x
			for range 8 {
				if crc&0x80 != 0 {
					crc = crc<<1 ^ 0x31
				} else {
					crc <<= 1
				}
			}
		}
		return append(b, crc)
	}
	switch uint16(w[0])<<8 | uint16(w[1]) {
	case 0x21b1:
		c.started, c.starts = time.Now(), c.starts+1
	case 0xe4b8:
		ready := uint16(0x8000)
		if !c.started.IsZero() && time.Since(c.started) >= 5*time.Second {
			ready = 0x8006
		}
		copy(r, word(ready))
	case 0xec05: // section 3.5.2: 500 ppm, 25 degrees, 37 %
		copy(r, append(append(word(0x01f4), word(0x6667)...), word(0x5eb9)...))
	}
	return nil
}

func (c *slowCO2) Close() error { return nil }

// TestSCD4xIsSlowOnce: with the sampler's five seconds a reading, the first is late, the second is there, and the sensor is
// not started again.
func TestSCD4xIsSlowOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &slowCO2{}
		s, err := New(Options{Driver: "scd4x"})
		if err != nil {
			t.Fatal(err)
		}
		s.open = func(string) (i2c.BusCloser, error) { return c, nil }
		once := func() (map[string]float64, error) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			return s.Read(ctx)
		}
		if _, err := once(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("first: %v", err)
		}
		time.Sleep(25 * time.Second)
		values, err := once()
		if err != nil || c.starts != 1 {
			t.Fatalf("second: %v, started %d times", err, c.starts)
		}
		near(t, values, "co2", 500, 0)
		near(t, values, "temperature", 25, 0.01)
		near(t, values, "humidity", 37, 0.01)
	})
}

// TestContextOverBeforeOpening: a device that could not be set up is not read by the next reading.
func TestContextOverBeforeOpening(t *testing.T) {
	for name := range fromPeriph() {
		synctest.Test(t, func(t *testing.T) {
			s, err := New(Options{Driver: name})
			if err != nil {
				t.Fatal(err)
			}
			s.open = func(string) (i2c.BusCloser, error) { return deaf{}, nil }
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := s.Read(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := s.Read(t.Context()); !errors.Is(err, errDeaf) {
				t.Errorf("%s, then: %v", name, err)
			}
		})
	}
}
