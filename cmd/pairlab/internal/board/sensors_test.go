//go:build real

package board

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/pairlab/internal/board/wire"
	"github.com/paird/paird/hal/bench"
	"github.com/paird/paird/hal/bustest"
)

// Both daemons, one after the other on one board, read every sensor that there is a driver for; all are on one bus with the panel.
// pairlab then records what goes over the panel's wires.
func TestSensors(t *testing.T) {
	t.Parallel()
	s := newScene(t, panels()["ssd1306-i2c"], e2e.Program("paird-arm64"), "paird-armv6", "pairlab")
	s.wiring.Others = true
	s.panel.config += sensorTables()
	name, err := s.run([]step{
		{"power, press, approve", func(s *scene) error {
			return first(func() error { return s.boot(true) }, func() error { return s.await("unpaired", e2e.Unpaired) }, func() error { return s.pair(0) })
		}},
		{"the sensors' values arrive", (*scene).measures},
		{"the same from the daemon for ARMv6", func(s *scene) error {
			s.program = "/usr/bin/paird-armv6"
			return first(s.stop, s.start, func() error { return s.await("online", e2e.Online) }, s.measures)
		}},
		{"pairlab records a panel", func(s *scene) error { return first(s.stop, s.record) }},
	})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// A HAT that is configured as "any Inky" is known by its EEPROM, and shows a code that is read out of its controller's memory.
func TestHat(t *testing.T) {
	t.Parallel()
	s := newScene(t, panels()["inky-phat"], e2e.Program("paird-armv6"))
	name, err := s.run([]step{
		{"power; the HAT says what it is", func(s *scene) error {
			return first(func() error { return s.boot(true) }, func() error {
				return s.await("the panel", func(st control.Status) bool {
					return e2e.Unpaired(st) && panelWell(st) && st.Panel.Driver == "inkyphatblack"
				})
			})
		}},
		{"press, scan, approve", func(s *scene) error { return s.pair(0) }},
	})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// alone is the sensor that every board has; its metrics have no prefix.
const alone = "bme280"

// sensorTables configure the other sensors; each one's name is that of its driver.
func sensorTables() string {
	var tables strings.Builder
	tables.WriteString("[[telemetry.sensor]]\ndriver = \"ds18b20\"\nmetric = \"ds18b20\"\n")
	for _, m := range bustest.SensorModels() {
		if m.Driver == alone {
			continue
		}
		fmt.Fprintf(&tables, "[[telemetry.sensor]]\ndriver = %q\nmetric = %q\nbus = \"I2C1\"\naddress = %d\n", m.Driver, m.Driver, m.Address)
		if m.Shunt != 0 {
			fmt.Fprintf(&tables, "shunt = %g\n", m.Shunt)
		}
	}
	return tables.String()
}

// datasheets are the values that the sensors' datasheets work out, by the names that they have in the telemetry.
func datasheets() map[string]float64 {
	all := map[string]float64{"ds18b20": -10.125}
	for _, m := range bustest.SensorModels() {
		for name, v := range m.Values {
			switch {
			case m.Driver == alone:
			case len(m.Values) == 1:
				name = m.Driver
			default:
				name = m.Driver + "_" + name
			}
			all[name] = v
		}
	}
	return all
}

// measures waits until the telemetry from now on has had each sensor's value, in one message or in several: an SCD4x has none in
// the first five seconds.
func (s *scene) measures() error {
	n, missing := len(s.came()), datasheets()
	all := len(missing)
	err := s.eventually("the sensors' values", func() (bool, error) {
		var last string
		for _, m := range s.came()[n:] {
			var got map[string]any
			if !strings.HasSuffix(m.Topic, "/telemetry") || json.Unmarshal(m.Payload, &got) != nil {
				continue
			}
			last = string(m.Payload)
			maps.DeleteFunc(missing, func(name string, want float64) bool {
				v, ok := got[name].(float64)
				return ok && math.Abs(v-want) < 0.01
			})
		}
		return len(missing) == 0, errors.Join(s.do("Time", true, new(time.Time)), fmt.Errorf("without %v, the last is %s", missing, last))
	})
	if err == nil {
		s.Logf("%d values of %d sensors are those of the datasheets", all, len(bustest.SensorModels())+1)
	}
	return err
}

// record lets pairlab draw on the panel, and shows what it recorded on the model here: there is a code to scan in it.
func (s *scene) record() error {
	const file = "/tmp/panel.txt"
	var o wire.Output
	var recorded []byte
	err := first(func() error {
		return s.do("Run", wire.Command{Args: []string{"/usr/bin/pairlab", "record", "--config", configFile, "-o", file}}, &o)
	}, func() error { return s.do("Get", file, &recorded) })
	if err != nil || o.Code != 0 {
		return errors.Join(err, fmt.Errorf("pairlab ends with %d: %s", o.Code, o.Text))
	}
	traffic, err := bustest.ParseTraffic(bytes.NewReader(recorded))
	if err != nil {
		return err
	}
	frames, violations, err := bench.Replay(traffic)
	at := slices.IndexFunc(frames, func(f bench.Frame) bool { return f.Operation == "pairing" })
	if err != nil || at < 0 || len(violations) > 0 {
		return errors.Join(err, fmt.Errorf("%d frames, violations %q", len(frames), violations))
	}
	if code := readQR(s, frames[at].Image); !strings.Contains(strings.ToLower(code), "example.com/device") {
		return fmt.Errorf("there is %q to scan on\n%s", code, drawing(frames[at].Image))
	}
	return nil
}
