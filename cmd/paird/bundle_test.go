package main

import (
	"strings"
	"testing"

	"github.com/paird/paird/config"
)

// TestRedacted: placeholders stay, for they show how the login is made; values, users of URLs and arguments go.
func TestRedacted(t *testing.T) {
	cfg, err := config.Parse(strings.NewReader(`
[auth]
issuer = "https://auth.example.com"
client_id = "printer"
params = { device = "{device_name}", api_key = "swordfish" }
[mqtt]
url = "mqtts://swordfish:swordfish@broker.example.com"
username = "{device_id}"
password = "{access_token}swordfish"
headers = { X-Key = "swordfish", X-Token = "{access_token}" }
[hooks]
on_event = ["/usr/local/bin/hook", "swordfish"]
[[telemetry.sensor]]
driver = "exec"
metric = "x"
command = ["/usr/local/bin/read", "swordfish"]
`))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := redacted(cfg).Print(&b); err != nil {
		t.Fatal(err)
	}
	for _, kept := range []string{"{device_name}", "{device_id}", `"{access_token}"`, "broker.example.com", "/usr/local/bin/hook", "/usr/local/bin/read"} {
		if !strings.Contains(b.String(), kept) {
			t.Errorf("%s is not kept in\n%s", kept, &b)
		}
	}
	if strings.Contains(b.String(), "swordfish") {
		t.Errorf("a secret is left in\n%s", &b)
	}
	if cfg.MQTT.Headers["X-Key"] != "swordfish" || cfg.Telemetry.Sensors[0].Command[1] != "swordfish" {
		t.Error("the configuration itself is changed")
	}
}
