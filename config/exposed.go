package config

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
)

// Exposed finds secrets that stand in a configuration file itself, where every user of the machine may read it.
// The error is a Problems; it is nil where c was not read from a file. The file may then be what it is meant to be:
// one without secrets, for all to read.
func (c Config) Exposed() error {
	found := collector{seen: map[string]bool{}}
	for _, key := range c.literals() {
		info, err := os.Stat(c.at[key].path)
		if err == nil && info.Mode().Perm()&0o004 != 0 {
			found.add(key, c.at[key], fmt.Sprintf("every user may read it here (mode %04o): %s", info.Mode().Perm(), insteadOf(key)))
		}
	}
	return found.err()
}

func insteadOf(key string) string {
	if key == "mqtt.password" {
		return "put it into a file that mqtt.password_file names, and change it"
	}
	return "chmod this file to 0640 and chgrp it to paird"
}

// literals are the keys whose values look like secrets.
func (c Config) literals() []string {
	var keys []string
	add := func(key string, secret bool) {
		if secret {
			keys = append(keys, key)
		}
	}
	add("mqtt.password", fixed(c.MQTT.Password))
	add("mqtt.username", fixed(c.MQTT.Username) && tokenLike(c.MQTT.Username))
	add("mqtt.headers", hasSecret(c.MQTT.Headers))
	add("auth.params", hasSecret(c.Auth.Params))
	for key, address := range map[string]string{
		"mqtt.url": c.MQTT.URL, "auth.issuer": c.Auth.Issuer, "auth.token_endpoint": c.Auth.TokenEndpoint,
		"auth.device_authorization_endpoint": c.Auth.DeviceAuthorizationEndpoint,
		"auth.revocation_endpoint":           c.Auth.RevocationEndpoint, "auth.jwks_uri": c.Auth.JWKSURI,
	} {
		u, err := url.Parse(address)
		add(key, err == nil && u.User != nil)
	}
	return keys
}

// fixed reports whether a template has text of its own and no token: what it gives is in the file.
func fixed(template string) bool {
	text := strings.NewReplacer("{device_id}", "", "{client_id}", "", "{sub}", "").Replace(template)
	return text != "" && !strings.Contains(text, "{")
}

// tokenLike reports whether a name looks made by a machine to be kept secret: a JWT, a long hexadecimal number, or 16
// characters and more of both cases and digits.
func tokenLike(s string) bool {
	has := func(set string) bool { return strings.ContainsAny(s, set) }
	switch {
	case strings.HasPrefix(s, "eyJ"):
		return true
	case len(s) >= 32 && strings.Trim(s, digits+"abcdefABCDEF") == "":
		return true
	}
	return len(s) >= 16 && !has(" @.{") && has(letters) && has(capitals) && has(digits)
}

// secretNames are parts of the names of headers and parameters whose values are secrets.
var secretNames = []string{"authorization", "cookie", "secret", "password", "token", "key", "signature"}

// hasSecret reports whether a value with the name of a secret is fixed.
func hasSecret(values map[string]string) bool {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		isSecret := func(part string) bool { return strings.Contains(strings.ToLower(name), part) }
		if slices.ContainsFunc(secretNames, isSecret) && fixed(values[name]) {
			return true
		}
	}
	return false
}
