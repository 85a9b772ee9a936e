package config

import (
	"fmt"
	"image"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// tokenKeys is the key table of one [[token]].
func tokenKeys(t *Token) []key {
	return []key{
		entry("name", &t.Name, "", "what `paird token NAME` asks for", matching(`[A-Za-z0-9_.-]{1,64}`, "1 to 64 letters, digits, dots, - or _")),
		entry("resource", &t.Resource, "", "RFC 8707", optional(resourceURI)),
		entry("scopes", &t.Scopes, []string{}, "a part of auth.scopes", each(matching(`[\x21\x23-\x5B\x5D-\x7E]+`, "one scope in each item"))),
	}
}

// sensorKeys is the key table of one [[telemetry.sensor]].
func sensorKeys(s *Sensor) []key {
	return []key{
		entry("driver", &s.Driver, "", "the sensor's chip, such as bme280 or scd4x (an unknown one is answered with the list); file or exec", matching(`[a-z0-9]+`, "the name of a chip, file or exec")),
		entry("bus", &s.Bus, "I2C1", "", bus),
		entry("address", &s.Address, 0, "0: the usual one", within(0, 0x77)).hex(),
		entry("id", &s.ID, "", `of a 1-wire sensor, such as "28-0316a2794c2f"; "": the only one`, optional(matching(`[0-9a-f]{2}-[0-9a-f]{12}`, "the folder's name below /sys/bus/w1/devices"))),
		entry("metric", &s.Metric, "", "its name in the telemetry", optional(matching(`[a-z][a-z0-9_]{0,31}`, "small letters, digits and _"))),
		entry("shunt", &s.Shunt, 0.1, "of ina219: its resistor, in ohms", resistance),
		entry("unit", &s.Unit, "", "of file and exec, for SenML and Home Assistant", printable),
		entry("path", &s.Path, "", `of file: below /sys, holding one number`, path),
		entry("scale", &s.Scale, 1.0, "of file: what the number is multiplied by"),
		entry("command", &s.Command, []string{}, "of exec: program and arguments; prints a number or a JSON object of numbers", command),
	}
}

func resistance(ohms float64) string {
	if !(ohms > 0 && ohms <= 100) {
		return "is no shunt, write its resistance in ohms, such as 0.1"
	}
	return ""
}

// hex spells an address as datasheets do.
func (k key) hex() key {
	plain := k.text
	k.text = func() string {
		var n int
		fmt.Sscan(plain(), &n)
		return fmt.Sprintf("0x%02X", n)
	}
	return k
}

func filled(s string) string {
	if s == "" {
		return "must not be empty, remove the key to get the default"
	}
	return ""
}

func path(s string) string {
	if s != "" && s != filepath.Clean(s) {
		return fmt.Sprintf("%q is no plain path, write %q", s, filepath.Clean(s))
	}
	return printable(s)
}

// socketPath fits struct sockaddr_un (unix(7): 108 bytes with the final NUL).
func socketPath(s string) string {
	if len(s) > 107 {
		return "is longer than the 107 bytes a socket's path may have, shorten it"
	}
	return ""
}

func command(items []string) string {
	if len(items) > 0 && !filepath.IsAbs(items[0]) {
		return "must begin with the full path of a program"
	}
	return each(printable)(items)
}

func panelSize(p image.Point) string {
	if p.X < 96 || p.X > 1024 || p.Y < 32 || p.Y > 1024 {
		return "is out of range, choose from 96x32 to 1024x1024"
	}
	return ""
}

func quarterTurn(n int) string {
	if n%90 != 0 || n < 0 || n > 270 {
		return fmt.Sprintf("%d is no quarter turn, write 0, 90, 180 or 270", n)
	}
	return ""
}

var (
	bus = matching(`I2C\d{1,2}|SPI\d{1,2}\.\d{1,2}|ONEWIRE\d{0,2}`, `"I2C1" or "SPI0.0"`)
	pin = matching(`[A-Za-z0-9_.:/-]{1,64}`, `a line's name, such as "GPIO17"`)
)

func pins(m map[string]string) string {
	for _, role := range slices.Sorted(maps.Keys(m)) {
		if wrong := oneOf("dc", "reset", "busy", "cs")(role); wrong != "" {
			return wrong
		}
		if wrong := pin(m[role]); wrong != "" {
			return role + ": " + wrong
		}
	}
	return ""
}

// ours are the parameters that paird sends itself; none may be sent twice (RFC 6749 section 3.1).
var ours = []string{"client_id", "client_secret", "client_assertion", "client_assertion_type", "scope", "resource",
	"audience", "code_challenge", "code_challenge_method", "grant_type", "device_code", "refresh_token", "code_verifier"}

func authParams(m map[string]string) string {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if slices.Contains(ours, name) || name == "" {
			return fmt.Sprintf("%q is sent by paird itself, use the key of [auth] for it", name)
		}
		if wrong := placeholders("device_name", "device_id")(m[name]); wrong != "" {
			return name + ": " + wrong
		}
	}
	return ""
}

// fieldName is a header's name (RFC 9110 section 5.1).
var fieldName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

func headers(values func(string) string) func(map[string]string) string {
	return func(m map[string]string) string {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if !fieldName.MatchString(name) || strings.HasPrefix(strings.ToLower(name), "sec-websocket-") {
				return fmt.Sprintf("%q is no header to set, remove it", name)
			}
			if wrong := values(m[name]); wrong != "" {
				return name + ": " + wrong
			}
		}
		return ""
	}
}
