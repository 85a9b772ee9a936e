package telemetry

import (
	"encoding/json"
	"maps"
	"strings"
	"sync"

	paho "github.com/eclipse/paho.mqtt.golang"

	"github.com/paird/paird/agent/telemetry/internal/hostmetrics"
)

// The message of Home Assistant's MQTT device discovery: one for the device and all it has.
type (
	haDiscovery struct {
		Device       haDevice               `json:"dev"`
		Origin       haOrigin               `json:"o"`
		Components   map[string]haComponent `json:"cmps"`
		Availability string                 `json:"availability_topic"` // "online" and "offline" are its defaults
		QoS          int                    `json:"qos"`
	}
	haDevice struct {
		Identifiers []string `json:"ids"`
		Name        string   `json:"name"`
		Model       string   `json:"mdl,omitempty"`
		Version     string   `json:"sw,omitempty"`
	}
	haOrigin struct {
		Name    string `json:"name"`
		Version string `json:"sw,omitempty"`
	}
	haComponent struct {
		Platform    string `json:"p"`
		UniqueID    string `json:"unique_id"`
		Name        string `json:"name"`
		DeviceClass string `json:"device_class,omitempty"`
		Unit        string `json:"unit_of_measurement,omitempty"`
		StateClass  string `json:"state_class,omitempty"`
		Category    string `json:"entity_category,omitempty"`
		State       string `json:"state_topic,omitempty"`
		Template    string `json:"value_template,omitempty"`
		On          string `json:"payload_on,omitempty"`
		Off         string `json:"payload_off,omitempty"`
		Command     string `json:"command_topic,omitempty"`
		Press       string `json:"payload_press,omitempty"`
	}
)

// discovery is the message for Home Assistant, if it is wanted and a metric is known.
func (l *Link) discovery() (outgoing, bool) {
	known := l.units.all()
	if l.o.HomeAssistant == "" || len(known) == 0 {
		return outgoing{}, false
	}
	d := haDiscovery{
		Device:       haDevice{[]string{l.o.DeviceID}, l.o.DeviceName, l.o.Model, l.o.Version},
		Origin:       haOrigin{"paird", l.o.Version},
		Components:   map[string]haComponent{},
		Availability: l.topic + "/status",
		QoS:          1,
	}
	for metric, unit := range known {
		d.Components[metric] = l.haSensor(metric, unit)
	}
	for _, c := range l.o.Commands {
		if c == "identify" {
			d.Components[c] = l.haButton(c)
		}
	}
	payload, _ := json.Marshal(d) // cannot fail: strings and numbers
	return outgoing{l.haTopic(), true, payload}, true
}

// haTopic is "<discovery_prefix>/device/<object_id>/config".
func (l *Link) haTopic() string { return l.o.HomeAssistant + "/device/" + l.o.DeviceID + "/config" }

func (l *Link) haSensor(metric, unit string) haComponent {
	class, category := haClass(metric, unit)
	name, _ := json.Marshal(metric) // a string literal of its template language, too
	c := haComponent{
		Platform: "sensor", UniqueID: l.o.DeviceID + "_" + metric, Name: haName(metric),
		DeviceClass: class, Unit: unit, StateClass: "measurement", Category: category,
		// A metric that is missing for once makes the state unknown, not an error.
		State: l.topic + "/" + topicTelemetry, Template: "{{ value_json.get(" + string(name) + ") }}",
	}
	if class == "problem" {
		c.Platform, c.StateClass, c.On, c.Off = "binary_sensor", "", "1", "0"
	}
	return c
}

func (l *Link) haButton(command string) haComponent {
	press, _ := json.Marshal(map[string]string{"command": command})
	return haComponent{
		Platform: "button", UniqueID: l.o.DeviceID + "_" + command, Name: haName(command),
		DeviceClass: "identify", Category: "diagnostic", Command: l.topic + "/cmd", Press: string(press),
	}
}

// haClass is the device class that fits the unit, by Home Assistant's table of classes and their units,
// and the category of what is about the board rather than the room.
func haClass(metric, unit string) (class, category string) {
	switch metric {
	case "cpu_temp":
		return "temperature", "diagnostic"
	case "load", "memory", "disk":
		return "", "diagnostic"
	case "uptime":
		return "duration", "diagnostic"
	case "wifi":
		return "signal_strength", "diagnostic"
	case "throttled", "undervoltage":
		return "problem", "diagnostic"
	}
	switch unit {
	case "°C", "°F", "K":
		return "temperature", ""
	case "%":
		if strings.Contains(metric, "humidity") {
			return "humidity", ""
		}
	case "Pa", "hPa", "kPa", "mbar", "bar":
		return "pressure", ""
	case "lx":
		return "illuminance", ""
	case "V", "mV":
		return "voltage", ""
	case "A", "mA":
		return "current", ""
	case "W", "mW", "kW":
		return "power", ""
	}
	return "", ""
}

// haName makes "CPU temp" of "cpu_temp".
func haName(metric string) string {
	words := strings.Split(metric, "_")
	for i, w := range words {
		switch {
		case w == "cpu":
			words[i] = "CPU"
		case w == "wifi":
			words[i] = "Wi-Fi"
		case i == 0 && w != "":
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, " ")
}

// homeAssistantStatus has the device described again when Home Assistant has started.
func (s *session) homeAssistantStatus(_ paho.Client, m paho.Message) {
	defer m.Ack()
	s.oversizedRun.Store(false)
	if string(m.Payload()) == "online" && !m.Retained() {
		s.units.renew()
	}
}

// maxSensorMetrics bounds the names of one sensor: a program that prints names of its own, one for each
// neighbour it sees, would make the discovery message grow without end.
const maxSensorMetrics = 64

// units keeps the metrics seen so far with their units, and signals when the discovery message has changed.
type units struct {
	mu      sync.Mutex
	known   map[string]string
	changed chan struct{} // holds one while the discovery message is to be published
}

func newUnits() units {
	return units{known: map[string]string{}, changed: make(chan struct{}, 1)}
}

func (u *units) note(metric, unit string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if old, ok := u.known[metric]; ok && old == unit {
		return
	}
	u.known[metric] = unit
	u.renew()
}

// renew asks for the discovery message to be published.
func (u *units) renew() {
	select {
	case u.changed <- struct{}{}:
	default:
	}
}

// published notes that it is about to be.
func (u *units) published() {
	select {
	case <-u.changed:
	default:
	}
}

func (u *units) all() map[string]string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return maps.Clone(u.known)
}

func (u *units) unit(metric string) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.known[metric]
}

// noteHost adds the metrics that this board has.
func (l *Link) noteHost() {
	for metric := range l.host.Read(l.o.Metrics) {
		l.units.note(metric, hostmetrics.Unit(metric))
	}
}
