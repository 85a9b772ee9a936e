package telemetry

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/paird/paird/agent/telemetry/internal/hostmetrics"
)

// Check lists everything in o that no broker could be blamed for; an empty URL is no error.
func Check(o Options) []error {
	var errs []error
	for _, check := range []func(Options) []error{checkURL, checkIdentity, checkTopics, checkReadings} {
		errs = append(errs, check(o)...)
	}
	return errs
}

func checkURL(o Options) (errs []error) {
	preset, known := presetNamed(o.Preset)
	if !known {
		errs = append(errs, fmt.Errorf("mqtt.preset %q is unknown, use password-jwt, username-token, aws-custom-auth or ws-bearer", o.Preset))
	}
	if o.URL == "" {
		return errs
	}
	a, err := parseAddress(o.URL, preset.port)
	if err != nil {
		return append(errs, err)
	}
	wrong := func(bad bool, text string) {
		if bad {
			errs = append(errs, errors.New(text))
		}
	}
	wrong(!a.safe(), fmt.Sprintf("mqtt.url sends tokens in the clear: %s:// is for this machine only, use mqtts:// or wss://", a.Scheme))
	wrong(a.User != nil, "mqtt.url has a name or password in it, use mqtt.username and mqtt.password")
	wrong(!a.web && (strings.Trim(a.Path, "/") != "" || a.RawQuery != ""), "mqtt.url has a path, which only ws:// and wss:// know; set mqtt.topic instead")
	wrong(!a.tls && (o.CAFile != "" || o.CertFile != "" || o.KeyFile != "" || len(o.ALPN) > 0), "mqtt.ca_file, cert_file, key_file and alpn need TLS: use mqtts:// or wss://")
	wrong((o.CertFile == "") != (o.KeyFile == ""), "mqtt.cert_file and mqtt.key_file go together: set both or neither")
	wrong(!a.web && len(o.Headers) > 0, "mqtt.headers go with ws:// and wss:// only")
	wrong(!a.web && o.Preset == "ws-bearer", `mqtt.preset "ws-bearer" goes with ws:// and wss:// only`)
	wrong(!a.tls && o.Preset == "aws-custom-auth", `mqtt.preset "aws-custom-auth" needs mqtts:// or wss://`)
	return errs
}

func checkIdentity(o Options) (errs []error) {
	o.defaults()
	templates := map[string]string{"mqtt.client_id": o.ClientID, "mqtt.username": o.Username, "mqtt.password": o.Password}
	for name, template := range o.Headers {
		templates["mqtt.headers."+name] = template
		if !headerName.MatchString(name) || ownHeader.MatchString(name) {
			errs = append(errs, fmt.Errorf("mqtt.headers has %q, which is no header name or belongs to the WebSocket itself", name))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(templates)) {
		s, err := expand(templates[key], anyValue(o.DeviceID))
		if err == nil {
			err = mqttText(s)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s %w", key, err))
		}
	}
	if o.Username == "" && o.Password != "" {
		errs = append(errs, errors.New("mqtt.username is empty, so the password would not be sent either; set a user name"))
	}
	return errs
}

var (
	headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$") // RFC 9110 section 5.6.2
	ownHeader  = regexp.MustCompile(`(?i)^(host|upgrade|connection|content-length|sec-websocket-.*)$`)
	deviceID   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	commands   = []string{"identify", "report", "interval"}
)

func checkTopics(o Options) (errs []error) {
	o.defaults()
	if !deviceID.MatchString(o.DeviceID) {
		errs = append(errs, fmt.Errorf("device.id %q must be 1 to 64 letters, digits, - or _", o.DeviceID))
	}
	topic, err := expand(o.Topic, deviceOnly(o.DeviceID))
	if err == nil {
		err = topicName(topic)
	}
	if err != nil {
		errs = append(errs, fmt.Errorf("mqtt.topic %w", err))
	}
	if o.HomeAssistant != "" {
		if err := topicName(o.HomeAssistant); err != nil {
			errs = append(errs, fmt.Errorf("mqtt.home_assistant %w", err))
		}
		if o.Format != "json" {
			errs = append(errs, errors.New(`mqtt.home_assistant reads JSON only, set telemetry.format = "json"`))
		}
	}
	for _, c := range o.Commands {
		if !slices.Contains(commands, c) {
			errs = append(errs, fmt.Errorf("mqtt.commands has the unknown %q, use %s", c, strings.Join(commands, ", ")))
		}
	}
	return errs
}

// topicName refuses what no topic name may hold (MQTT 3.1.1 section 4.7).
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

func checkReadings(o Options) (errs []error) {
	o.defaults()
	if o.Format != "json" && o.Format != "senml" {
		errs = append(errs, fmt.Errorf("telemetry.format %q is unknown, use json or senml", o.Format))
	}
	for _, m := range o.Metrics {
		if !slices.Contains(hostmetrics.Names(), m) {
			errs = append(errs, fmt.Errorf("telemetry.metrics has the unknown %q, use %s", m, strings.Join(hostmetrics.Names(), ", ")))
		}
	}
	if o.Interval < time.Second || o.Interval > longestInterval {
		errs = append(errs, fmt.Errorf("telemetry.interval %v is out of range, choose from 1s to %v", o.Interval, longestInterval))
	}
	if o.KeepAlive < time.Second {
		errs = append(errs, fmt.Errorf("mqtt.keep_alive %v is out of range, choose at least 1s", o.KeepAlive))
	}
	return errs
}
