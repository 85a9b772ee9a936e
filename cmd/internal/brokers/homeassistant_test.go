//go:build real

package brokers

import (
	"encoding/json"
	"slices"
	"testing"
)

// checkDiscovery checks for what Home Assistant's "MQTT, device discovery payload" documents as required: a device
// with identifiers, an origin with a name, and components with a platform and an id of their own.
func checkDiscovery(t *testing.T, payload string) {
	t.Helper()
	var d struct {
		Device struct {
			Identifiers []string `json:"ids"`
		} `json:"dev"`
		Origin struct {
			Name string `json:"name"`
		} `json:"o"`
		Availability string `json:"availability_topic"`
		Components   map[string]struct {
			Platform string `json:"p"`
			UniqueID string `json:"unique_id"`
			State    string `json:"state_topic"`
		} `json:"cmps"`
	}
	if err := json.Unmarshal([]byte(payload), &d); err != nil {
		t.Fatalf("%v: %s", err, payload)
	}
	if !slices.Equal(d.Device.Identifiers, []string{"described"}) || d.Origin.Name == "" || d.Availability != "paird/described/status" {
		t.Errorf("device, origin, availability: %s", payload)
	}
	uptime := d.Components["uptime"]
	if uptime.Platform != "sensor" || uptime.State != "paird/described/telemetry" {
		t.Errorf("the reading: %s", payload)
	}
	for name, c := range d.Components {
		if c.Platform == "" || c.UniqueID == "" {
			t.Errorf("%s has no platform or id: %s", name, payload)
		}
	}
}
