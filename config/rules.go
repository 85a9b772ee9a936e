package config

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// rules check what concerns more than one key, and settle the defaults that depend on others.
func rules(c *Config, problem func(key, detail string)) {
	for _, rule := range []func(*Config, func(key, detail string)){server, client, board, broker, tls, tokens, sensors} {
		rule(c, problem)
	}
}

func server(c *Config, problem func(key, detail string)) {
	a := &c.Auth
	if a.Issuer == "" && (a.DeviceAuthorizationEndpoint == "" || a.TokenEndpoint == "") {
		problem("auth.issuer", "is missing, name the authorization server (or both auth.device_authorization_endpoint and auth.token_endpoint)")
	}
	if a.ClientID == "" {
		problem("auth.client_id", "is missing, name the client that is registered at the authorization server")
	}
}

func client(c *Config, problem func(key, detail string)) {
	a := &c.Auth
	if a.ClientAuth == "" {
		a.ClientAuth = "none"
		if a.ClientSecretFile != "" {
			a.ClientAuth = "basic"
		}
	}
	secret := a.ClientAuth == "basic" || a.ClientAuth == "post"
	switch {
	case secret && a.ClientSecretFile == "":
		problem("auth.client_secret_file", fmt.Sprintf("is missing, client_auth = %q needs it", a.ClientAuth))
	case !secret && a.ClientSecretFile != "":
		problem("auth.client_secret_file", fmt.Sprintf("is not used with client_auth = %q, remove one of them", a.ClientAuth))
	}
	key := a.ClientAuth == "private_key_jwt"
	switch {
	case key && a.ClientKeyFile == "":
		problem("auth.client_key_file", `is missing, client_auth = "private_key_jwt" needs it`)
	case !key && a.ClientKeyFile != "":
		problem("auth.client_key_file", `is used with client_auth = "private_key_jwt" only, set that or remove it`)
	}
}

func board(c *Config, problem func(key, detail string)) {
	if c.Display.Panel == "png" && c.PNG.File == "" {
		problem("png.file", `is missing, panel = "png" needs to know where to write`)
	}
	if c.Button.ResetHold != 0 && c.Button.ResetHold < c.Button.PairHold+time.Second {
		problem("button.reset_hold", "must be at least a second longer than button.pair_hold")
	}
}

func broker(c *Config, problem func(key, detail string)) {
	m := &c.MQTT
	if m.Username == "" && m.Password != "" && m.Preset == "" { // a preset fills it
		problem("mqtt.username", "is empty, so the password would not be sent either; set a user name")
	}
	if len(m.Headers) > 0 && !strings.HasPrefix(m.URL, "ws") {
		problem("mqtt.headers", "go with ws:// and wss:// only, change mqtt.url or remove them")
	}
	if m.Preset == "ws-bearer" && !strings.HasPrefix(m.URL, "ws") {
		problem("mqtt.preset", `"ws-bearer" goes with ws:// and wss:// only, change mqtt.url or the preset`)
	}
	if m.Preset == "aws-custom-auth" && (strings.HasPrefix(m.URL, "ws://") || strings.HasPrefix(m.URL, "mqtt://")) {
		problem("mqtt.preset", `"aws-custom-auth" needs TLS, use mqtts:// or wss:// in mqtt.url`)
	}
	if m.HomeAssistant != "" && c.Telemetry.Format != "json" {
		problem("mqtt.home_assistant", `reads JSON only, set telemetry.format = "json"`)
	}
}

func tls(c *Config, problem func(key, detail string)) {
	m := &c.MQTT
	if (m.CertFile == "") != (m.KeyFile == "") {
		problem("mqtt.cert_file", "goes together with mqtt.key_file, set both or neither")
	}
	if !strings.HasPrefix(m.URL, "mqtt://") && !strings.HasPrefix(m.URL, "ws://") {
		return
	}
	for name, set := range map[string]bool{"mqtt.cert_file": m.CertFile != "", "mqtt.ca_file": m.CAFile != "", "mqtt.alpn": len(m.ALPN) > 0} {
		if set {
			problem(name, "needs TLS, use mqtts:// or wss:// in mqtt.url")
		}
	}
}

func tokens(c *Config, problem func(key, detail string)) {
	var names []string
	for i, t := range c.Tokens {
		at := fmt.Sprintf("token[%d]", i+1)
		switch {
		case t.Name == "":
			problem(at+".name", "is missing, `paird token NAME` asks for it")
		case slices.Contains(names, t.Name):
			problem(at+".name", fmt.Sprintf("%q is there twice, choose another name", t.Name))
		}
		if t.Resource == "" && len(t.Scopes) == 0 {
			problem(at+".resource", "is missing, set resource or scopes: without them it is the plain token")
		}
		names = append(names, t.Name)
	}
}

func sensors(c *Config, problem func(key, detail string)) {
	for i, s := range c.Telemetry.Sensors {
		at := fmt.Sprintf("telemetry.sensor[%d]", i+1)
		switch {
		case s.Driver == "":
			problem(at+".driver", "is missing, name the sensor")
		case s.Driver == "file" && s.Path == "":
			problem(at+".path", `is missing, driver = "file" needs it`)
		case s.Driver == "exec" && len(s.Command) == 0:
			problem(at+".command", `is missing, driver = "exec" needs it`)
		case (s.Driver == "file" || s.Driver == "exec") && s.Metric == "":
			problem(at+".metric", fmt.Sprintf("is missing, driver = %q needs a name for what it reads", s.Driver))
		}
	}
}
