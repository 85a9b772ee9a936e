package telemetry

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/paird/paird/agent/telemetry/internal/hostmetrics"
)

// Check lists what is wrong with o, as far as it can be seen without the broker. An empty URL is no
// error. Each error is one line, "KEY: what is wrong, what to do", with KEY as in the configuration.
func Check(o Options) []error {
	var c faults
	c.url(o)
	o.defaults()
	c.login(o)
	c.topics(o)
	c.readings(o)
	return c.errs
}

// Commands are the values of mqtt.commands.
func Commands() []string { return []string{"identify", "report", "interval"} }

// Metrics are the values of telemetry.metrics.
func Metrics() []string { return hostmetrics.Names() }

// faults collects what is wrong.
type faults struct{ errs []error }

func (c *faults) add(key string, err error) {
	if err != nil {
		c.errs = append(c.errs, fmt.Errorf("%s: %w", key, err))
	}
}

func (c *faults) check(wrong bool, key, text string) {
	if wrong {
		c.add(key, errors.New(text))
	}
}

func (c *faults) url(o Options) {
	preset, known := presetNamed(o.Preset)
	c.check(!known, "mqtt.preset", fmt.Sprintf("%q is unknown, use %s", o.Preset, strings.Join(Presets(), ", ")))
	if o.URL == "" {
		return
	}
	a, err := parseAddress(o.URL, preset.port)
	if err != nil {
		c.add("mqtt.url", err)
		return
	}
	c.check(!a.safe(), "mqtt.url", fmt.Sprintf("sends tokens in the clear: %s:// is for this machine only, use mqtts:// or wss://", a.Scheme))
	c.check(a.User != nil, "mqtt.url", "has a name or password in it, use mqtt.username and mqtt.password_file")
	c.check(!a.web && (strings.Trim(a.Path, "/") != "" || a.RawQuery != ""), "mqtt.url", "has a path, which only ws:// and wss:// know; set mqtt.topic instead")
	if !a.tls {
		c.check(o.CertFile != "" || o.KeyFile != "" || len(o.ALPN) > 0, "mqtt.url", "has no TLS, which mqtt.cert_file, key_file and alpn need: use mqtts:// or wss://")
		c.check(o.Preset == "aws-custom-auth", "mqtt.preset", `"aws-custom-auth" needs mqtts:// or wss://`)
	}
	if !a.web {
		c.check(len(o.Headers) > 0, "mqtt.headers", "go with ws:// and wss:// only, remove them")
		c.check(o.Preset == "ws-bearer", "mqtt.preset", `"ws-bearer" goes with ws:// and wss:// only`)
	}
	c.check((o.CertFile == "") != (o.KeyFile == ""), "mqtt.cert_file", "goes together with mqtt.key_file: set both or neither")
}

func (c *faults) login(o Options) {
	templates := map[string]string{"mqtt.client_id": o.ClientID, "mqtt.username": o.Username, "mqtt.password": o.Password}
	for name, template := range o.Headers {
		templates["mqtt.headers."+name] = template
		if !isHeaderName(name) || isWebSocketHeader(name) {
			c.add("mqtt.headers", fmt.Errorf("%q is no header name or belongs to the WebSocket itself, choose another", name))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(templates)) {
		s, err := expand(templates[key], anyValue(o.DeviceID))
		c.add(key, cmp.Or(err, mqttText(s)))
	}
	c.check(hasToken(o.ClientID), "mqtt.client_id", "has a token in it, which brokers write into their logs: use {device_id} or {sub}")
	preset, _ := presetNamed(o.Preset)
	c.check(o.PasswordFile != "" && (o.Password != "" || preset.password != ""), "mqtt.password_file", "goes without mqtt.password and without a preset that gives one, remove one of them")
	c.check(o.Username == "" && o.Password+o.PasswordFile != "", "mqtt.username", "is empty, so the password would not be sent either; set a user name")
}

func (c *faults) topics(o Options) {
	c.check(!isDeviceID(o.DeviceID), "device.id", fmt.Sprintf("%q must be 1 to 64 letters, digits, - or _", o.DeviceID))
	topic, err := expand(o.Topic, deviceOnly(o.DeviceID))
	if o.DeviceID != "" {
		c.add("mqtt.topic", cmp.Or(err, topicName(topic)))
	}
	if o.HomeAssistant != "" {
		c.add("mqtt.home_assistant", topicName(o.HomeAssistant))
		c.check(o.Format != "json", "mqtt.home_assistant", `reads JSON only, set telemetry.format = "json"`)
	}
	for _, command := range o.Commands {
		c.check(!slices.Contains(Commands(), command), "mqtt.commands", fmt.Sprintf("%q is unknown, use %s", command, strings.Join(Commands(), ", ")))
	}
}

// topicName refuses what no topic name may hold (MQTT 3.1.1 section 4.7), and what the broker or an
// empty level would make of it.
func topicName(s string) error {
	switch {
	case s == "":
		return errors.New("is empty, name a topic")
	case strings.ContainsAny(s, "+#\x00"):
		return errors.New("has a wildcard (+ or #) or a NUL, remove it")
	case strings.HasPrefix(s, "/") || strings.HasSuffix(s, "/") || strings.Contains(s, "//"):
		return errors.New("has an empty level, remove the extra /")
	case strings.HasPrefix(s, "$"):
		return errors.New("starts with $, which belongs to the broker; choose another name")
	case len(s) > 1024:
		return errors.New("is longer than 1024 bytes, shorten it")
	}
	return nil
}

func (c *faults) readings(o Options) {
	c.check(o.Format != "json" && o.Format != "senml", "telemetry.format", fmt.Sprintf("%q is unknown, use json or senml", o.Format))
	for _, m := range o.Metrics {
		c.check(!slices.Contains(Metrics(), m), "telemetry.metrics", fmt.Sprintf("%q is unknown, use %s", m, strings.Join(Metrics(), ", ")))
	}
	c.check(o.Interval < time.Second || o.Interval > longestInterval, "telemetry.interval", fmt.Sprintf("%v is out of range, choose from 1s to %v", o.Interval, longestInterval))
	c.check(o.KeepAlive < time.Second, "mqtt.keep_alive", fmt.Sprintf("%v is out of range, choose at least 1s", o.KeepAlive))
}

// isHeaderName reports whether s is a token of RFC 9110 section 5.6.2.
func isHeaderName(s string) bool { return consists(s, 256, "!#$%&'*+-.^_`|~") }

// isWebSocketHeader reports whether the upgrade sets the header itself (RFC 6455 section 4.1).
func isWebSocketHeader(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "sec-websocket-") || slices.Contains([]string{"host", "upgrade", "connection", "content-length"}, name)
}

func isDeviceID(s string) bool { return consists(s, 64, "-_") }

// consists reports whether s is 1 to most ASCII letters, digits and characters of also.
func consists(s string, most int, also string) bool {
	foreign := func(r rune) bool {
		letter := 'a' <= r|0x20 && r|0x20 <= 'z'
		return !letter && (r < '0' || '9' < r) && !strings.ContainsRune(also, r)
	}
	return 0 < len(s) && len(s) <= most && !strings.ContainsFunc(s, foreign)
}
