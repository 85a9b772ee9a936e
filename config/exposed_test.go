package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file that every user may read holds no secret of its own; one that they may not read may.
func TestExposed(t *testing.T) {
	for name, c := range map[string]struct{ text, key string }{
		"a password":             {"[mqtt]\npassword = 'swordfish'", "mqtt.password"},
		"a password with an id":  {"[mqtt]\npassword = 'fish-{device_id}'", "mqtt.password"},
		"a token":                {"[mqtt]\npassword = '{access_token}'", ""},
		"a token with more":      {"[mqtt]\npassword = 'x?{id_token}'", ""},
		"only the id":            {"[mqtt]\npassword = '{device_id}'", ""},
		"a file":                 {"[mqtt]\npassword_file = '/x'", ""},
		"a name":                 {"[mqtt]\nusername = 'Kitchen-Printer'", ""},
		"a name with an address": {"[mqtt]\nusername = 'Printer0001.Kitchen@example.com'", ""},
		"a number":               {"[mqtt]\nusername = '12345678901234567890'", ""},
		"an access token":        {"[mqtt]\nusername = 'A1b2C3d4E5f6G7h8I9j0'", "mqtt.username"},
		"a JWT":                  {"[mqtt]\nusername = 'eyJhbGciOi'", "mqtt.username"},
		"a hexadecimal key":      {"[mqtt]\nusername = '" + strings.Repeat("0a", 16) + "'", "mqtt.username"},
		"a bearer header":        {"[mqtt]\nheaders = { authorization = 'Bearer abc' }", "mqtt.headers"},
		"an API key":             {"[mqtt]\nheaders = { X-Api-Key = 'abc' }", "mqtt.headers"},
		"a header with a token":  {"[mqtt]\nheaders = { Authorization = 'Bearer {access_token}' }", ""},
		"another header":         {"[mqtt]\nheaders = { Origin = 'https://example.com' }", ""},
		"a password in a URL":    {"[mqtt]\nurl = 'mqtts://u:p@b.example'", "mqtt.url"},
		"a name in a URL":        {"[mqtt]\nurl = 'mqtts://u@b.example'", "mqtt.url"},
		"a URL":                  {"[mqtt]\nurl = 'mqtts://b.example'", ""},
		"a password of issuer":   {"jwks_uri = 'https://u:p@a.example'", "auth.jwks_uri"},
		"a secret parameter":     {"params = { client_secret = 'abc' }", "auth.params"},
		"another parameter":      {"params = { prompt = 'consent' }", ""},
	} {
		path := filepath.Join(t.TempDir(), "paird.toml")
		for _, mode := range []os.FileMode{0o600, 0o640, 0o644, 0o604} {
			if err := os.WriteFile(path, []byte(least+c.text+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			cfg, err := Load(path)
			if err != nil {
				t.Fatal(err)
			}
			err = cfg.Exposed()
			if want := mode&0o004 != 0 && c.key != ""; (err != nil) != want {
				t.Errorf("%s, mode %04o: %v", name, mode, err)
			}
			if err == nil {
				continue
			}
			if text := err.Error(); !strings.HasPrefix(text, c.key+": every user may read it here") || !strings.Contains(text, "(line ") || strings.Contains(text, "swordfish") {
				t.Errorf("%s: %q", name, text)
			}
		}
	}
	if err := parse(t, least+"[mqtt]\npassword = 'x'").Exposed(); err != nil {
		t.Errorf("a text that is no file: %v", err)
	}
}
