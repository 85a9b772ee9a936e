package telemetry

import (
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/paird/paird/agent/internal/brokertest"
)

// haClasses are the device classes used here, and the units that Home Assistant documents for each.
var haClasses = map[string][]string{
	"temperature":     {"°C", "°F", "K"},
	"humidity":        {"%"},
	"pressure":        {"Pa", "hPa", "kPa", "bar", "mbar", "mmHg", "inHg", "psi", "cbar", "mPa"},
	"illuminance":     {"lx"},
	"voltage":         {"V", "mV", "µV", "kV", "MV"},
	"current":         {"A", "mA"},
	"power":           {"mW", "W", "kW", "MW", "GW", "TW"},
	"signal_strength": {"dB", "dBm"},
	"duration":        {"d", "h", "min", "s", "ms", "µs"},
}

// haKeys are the members documented for each platform and for the message itself, with those that
// are required marked by an exclamation mark.
var haKeys = map[string][]string{
	"":              {"!dev", "!o", "!cmps", "availability_topic", "qos", "state_topic", "command_topic", "encoding"},
	"dev":           {"!ids", "name", "mdl", "sw", "mf", "sn", "hw", "cu", "cns"},
	"o":             {"!name", "sw", "url"},
	"sensor":        {"!p", "!unique_id", "!state_topic", "name", "device_class", "unit_of_measurement", "state_class", "entity_category", "value_template"},
	"binary_sensor": {"!p", "!unique_id", "!state_topic", "name", "device_class", "entity_category", "value_template", "payload_on", "payload_off"},
	"button":        {"!p", "!unique_id", "!command_topic", "name", "device_class", "entity_category", "payload_press"},
}

func checkKeys(t *testing.T, kind string, got map[string]any) {
	t.Helper()
	for key := range got {
		if !slices.Contains(haKeys[kind], key) && !slices.Contains(haKeys[kind], "!"+key) {
			t.Errorf("%s has the undocumented %q", kind, key)
		}
	}
	for _, key := range haKeys[kind] {
		if name, required := strings.CutPrefix(key, "!"); required && got[name] == nil {
			t.Errorf("%s lacks the required %q", kind, name)
		}
	}
}

func checkComponent(t *testing.T, name string, c map[string]any) {
	t.Helper()
	platform, _ := c["p"].(string)
	checkKeys(t, platform, c)
	class, _ := c["device_class"].(string)
	unit, _ := c["unit_of_measurement"].(string)
	switch platform {
	case "sensor":
		if class != "" && !slices.Contains(haClasses[class], unit) {
			t.Errorf("%s: %q is no unit of %q", name, unit, class)
		}
		if c["state_class"] != "measurement" {
			t.Errorf("%s: state class %v", name, c["state_class"])
		}
	case "binary_sensor":
		if class != "problem" || unit != "" {
			t.Errorf("%s: class %q, unit %q", name, class, unit)
		}
	case "button":
		if class != "identify" {
			t.Errorf("%s: class %q", name, class)
		}
	}
	if platform != "button" && !regexp.MustCompile(`^\{\{ value_json\.get\("`+name+`"\) \}\}$`).MatchString(c["value_template"].(string)) {
		t.Errorf("%s: template %v", name, c["value_template"])
	}
}

func withSensors(o *Options) {
	all := map[string]string{"room_temperature": "°C", "room_humidity": "%", "room_pressure": "hPa", "light": "lx", "bus_voltage": "V", "bus_current": "A", "bus_power": "W", "soil": "%", "tank": "l", "attic_mv": "mV"}
	for metric, unit := range all {
		o.Sensors = append(o.Sensors, scripted{unit: unit, read: func(context.Context) (map[string]float64, error) {
			return map[string]float64{metric: 1}, nil
		}})
	}
	o.HomeAssistant, o.DeviceName, o.Model, o.Version = "homeassistant", "Kitchen printer", "Zero W", "1.2.3"
	o.Commands, o.Metrics = []string{"identify", "report"}, []string{"load", "uptime"}
}

func TestDiscoveryIsAsDocumented(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, withSensors)
		b.Sample(t.Context())
		for metric, unit := range map[string]string{"cpu_temp": "°C", "memory": "%", "disk": "%", "wifi": "dBm", "throttled": "", "undervoltage": ""} {
			b.units.note(metric, unit)
		}
		m, ok := b.discovery()
		if !ok || m.topic != "homeassistant/device/dev1/config" || !m.retained {
			t.Fatalf("discovery goes to %q, %v", m.topic, ok)
		}
		var d map[string]any
		if err := json.Unmarshal(m.payload, &d); err != nil {
			t.Fatal(err)
		}
		checkKeys(t, "", d)
		checkKeys(t, "dev", d["dev"].(map[string]any))
		checkKeys(t, "o", d["o"].(map[string]any))
		components := d["cmps"].(map[string]any)
		unique := map[any]bool{}
		for name, c := range components {
			c := c.(map[string]any)
			checkComponent(t, name, c)
			unique[c["unique_id"]] = true
		}
		if len(components) != 19 || len(unique) != 19 {
			t.Errorf("%d components with %d unique ids, want 19: %v", len(components), len(unique), slices.Sorted(maps.Keys(components)))
		}
		if d["availability_topic"] != "paird/dev1/status" {
			t.Errorf("availability on %v", d["availability_topic"])
		}
		button := components["identify"].(map[string]any)
		if button["command_topic"] != "paird/dev1/cmd" || button["payload_press"] != `{"command":"identify"}` {
			t.Errorf("button %v", button)
		}
	})
}

func TestDiscoveryIsRetainedAndRepeated(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, withSensors)
		published := func() int { synctest.Wait(); return len(b.broker.On("homeassistant/device/dev1/config")) }
		s := b.serve(t, token)
		<-s.online
		if published() != 1 {
			t.Errorf("published %d times at the start", published())
		}
		b.Sample(t.Context()) // the sensors' metrics are new
		first := published()
		if first < 2 {
			t.Error("new metrics are not published")
		}
		b.Sample(t.Context())
		if published() != first {
			t.Error("published again without a reason")
		}
		b.broker.Publish(brokertest.Message{Topic: "homeassistant/status", Payload: "offline"})
		if published() != first {
			t.Error("published while Home Assistant stops")
		}
		b.broker.Publish(brokertest.Message{Topic: "homeassistant/status", Payload: "online"})
		if published() != first+1 {
			t.Error("not published when Home Assistant started")
		}
		kept, _ := b.broker.Retained("homeassistant/device/dev1/config")
		if !strings.Contains(kept, `"room_humidity"`) || !strings.Contains(kept, `"mdl":"Zero W"`) {
			t.Errorf("retained is %s", kept)
		}
		s.stop(nil)
		if _, ok := b.broker.Retained("homeassistant/device/dev1/config"); !ok {
			t.Error("a stop removed the device")
		}
	})
}

func TestNames(t *testing.T) {
	for metric, want := range map[string]string{"cpu_temp": "CPU temp", "wifi": "Wi-Fi", "load": "Load", "room_humidity": "Room humidity", "_": " "} {
		if got := haName(metric); got != want {
			t.Errorf("%s is %q, want %q", metric, got, want)
		}
	}
}
