package config

import (
	"image"
	"time"
)

// keys is the key table: every key of the file but those of [[token]] and [[telemetry.sensor]], in the
// order of the example. It fills c with the defaults.
func keys(c *Config) []key {
	var all []key
	for _, section := range []func(*Config) []key{deviceKeys, authKeys, boardKeys, mqttKeys, storeKeys, localKeys} {
		all = append(all, section(c)...)
	}
	return all
}

func deviceKeys(c *Config) []key {
	d := &c.Device
	return []key{
		entry("device.name", &d.Name, "", `on the panel, the consent page and in Home Assistant; "": the host name`, atMost(64), printable),
		entry("device.id", &d.ID, "", `"": a stable id of the board`, optional(matching(`[A-Za-z0-9_-]{1,64}`, "1 to 64 letters, digits, - or _"))),
		entry("device.state_dir", &d.StateDir, "/var/lib/paird", "holds the grant and the queue; mode 0700", path),
	}
}

func authKeys(c *Config) []key {
	a := &c.Auth
	choice := oneOf("auto", "on", "off")
	return []key{
		entry("auth.issuer", &a.Issuer, "", "the authorization server, found by RFC 8414 or OpenID discovery", optional(issuerURL)).required("https://auth.example.com"),
		entry("auth.client_id", &a.ClientID, "", "how this product is registered there", printable).required("printer"),
		entry("auth.device_authorization_endpoint", &a.DeviceAuthorizationEndpoint, "", "this and the next three replace discovery", optional(webURL)),
		entry("auth.token_endpoint", &a.TokenEndpoint, "", "", optional(webURL)),
		entry("auth.revocation_endpoint", &a.RevocationEndpoint, "", "", optional(webURL)),
		entry("auth.jwks_uri", &a.JWKSURI, "", "", optional(webURL)),
		entry("auth.client_auth", &a.ClientAuth, "", `none, basic, post or private_key_jwt; "": basic with a secret, else none`,
			oneOf("", "none", "basic", "post", "private_key_jwt")),
		entry("auth.client_secret_file", &a.ClientSecretFile, "", "the secret of basic and post; a trailing newline is dropped", path),
		entry("auth.client_key_file", &a.ClientKeyFile, "", "the key of private_key_jwt, PEM", path),
		entry("auth.scopes", &a.Scopes, []string{"openid", "offline_access"}, "what to ask for",
			each(matching(`[\x21\x23-\x5B\x5D-\x7E]+`, "one scope in each item (RFC 6749 section 3.3)"))),
		entry("auth.audience", &a.Audience, "", "the API the token is for, as Auth0 wants it", printable),
		entry("auth.resource", &a.Resource, []string{}, "the API the token is for (RFC 8707)", each(resourceURI)),
		entry("auth.pkce", &a.PKCE, "auto", "auto (where the server offers S256), on or off", choice),
		entry("auth.dpop", &a.DPoP, "off", "auto (where the server offers ES256), on or off; a bound token is no bearer token", choice),
		entry("auth.ca_file", &a.CAFile, "", "trust these certificates (PEM) and no others", path),
		entry("auth.start", &a.Start, "button", "button: ask for a code when the user acts (RFC 8628 section 3.1); auto: at once", oneOf("button", "auto")),
		entry("auth.params", &a.Params, nil, "more parameters of the device authorization request; {device_name} and {device_id} are filled in", authParams),
	}
}

func boardKeys(c *Config) []key {
	d, b := &c.Display, &c.Button
	return []key{
		entry("display.panel", &d.Panel, "none", "none, terminal, png, sim, ssd1306, ssd1309, sh1106, waveshare2in13v2 ...", matching(`[a-z0-9]+`, "the name of a panel")),
		entry("display.size", &d.Size, image.Pt(128, 64), "of png, sim and terminal; tells a 128x32 ssd1306 from a 128x64 one", panelSize),
		entry("display.bus", &d.Bus, "I2C1", `or "SPI0.0"`, bus),
		entry("display.address", &d.Address, 0x3C, "on I2C", within(0x03, 0x77)).hex(),
		entry("display.column_offset", &d.ColumnOffset, -1, "-1: as the controller is usually wired (SH1106: 2)", within(-1, 255)),
		entry("display.pins", &d.Pins, nil, "dc, reset and busy by name, where the bus needs them", pins),
		entry("display.required", &d.Required, false, "true: no panel, no start"),
		entry("display.rotate", &d.Rotate, 0, "0, 90, 180 or 270 degrees clockwise", quarterTurn),
		entry("display.language", &d.Language, "en", "en, de, fr or es; any other is shown in English", matching(`[a-z]{2}`, "a language of two letters")),
		entry("sim.listen", &c.Sim.Listen, "127.0.0.1:8628", `the page of panel = "sim", on this machine only`, loopbackAddress),
		entry("png.file", &c.PNG.File, "", `panel = "png" replaces this file with each frame`, path),
		entry("button.pin", &b.Pin, "", `such as "GPIO17"; "": no button`, optional(pin)),
		entry("button.active_low", &b.ActiveLow, true, "pressing connects the pin to ground"),
		entry("button.pair_hold", &b.PairHold, 3*time.Second, "let go after this: pair", lasting(500*time.Millisecond, time.Minute)),
		entry("button.reset_hold", &b.ResetHold, 10*time.Second, `let go after this, then press again within 10 s: factory reset; "0s": never`, lasting(0, 2*time.Minute)),
		entry("led.pin", &c.LED.Pin, "", `"": no LED`, optional(pin)),
	}
}

func mqttKeys(c *Config) []key {
	m := &c.MQTT
	identity := placeholders("device_id", "client_id", "sub", "claim:")
	secret := placeholders("access_token", "id_token", "device_id", "client_id", "sub", "claim:")
	return []key{
		entry("mqtt.url", &m.URL, "", `mqtts:// or wss://; mqtt:// and ws:// to this machine only; "": no broker`, optional(brokerURL)),
		entry("mqtt.client_id", &m.ClientID, "{device_id}", "{device_id} {client_id} {sub} {claim:NAME}", identity),
		entry("mqtt.username", &m.Username, "{device_id}", "{access_token} {id_token} {sub} {client_id} {device_id} {claim:NAME}", secret),
		entry("mqtt.password", &m.Password, "{access_token}", "the same", secret),
		entry("mqtt.topic", &m.Topic, "paird/{device_id}", "above telemetry, status, event and cmd", filled, topicName, placeholders("device_id")),
		entry("mqtt.home_assistant", &m.HomeAssistant, "", `discovery prefix, usually "homeassistant"; "": off`, topicName, placeholders()),
		entry("mqtt.commands", &m.Commands, []string{"identify", "report"}, `what the cmd topic may do; "interval" may be added`, each(oneOf("identify", "report", "interval"))),
		entry("mqtt.keep_alive", &m.KeepAlive, 30*time.Second, "at most 40s, so that a dead link is found within a minute", lasting(5*time.Second, 40*time.Second)),
		entry("mqtt.spread", &m.Spread, 5*time.Second, `first connect, refresh after boot and reconnect wait a part of this; fleets: "60s"`, lasting(0, time.Hour)),
		entry("mqtt.preset", &m.Preset, "", "password-jwt, username-token, aws-custom-auth or ws-bearer", oneOf("", "password-jwt", "username-token", "aws-custom-auth", "ws-bearer")),
		entry("mqtt.headers", &m.Headers, nil, "of the WebSocket request; placeholders as in username", headers(secret)),
		entry("mqtt.alpn", &m.ALPN, []string{}, `TLS protocols, such as ["mqtt"]`, each(filled), each(printable)),
		entry("mqtt.cert_file", &m.CertFile, "", "client certificate, PEM; read anew for each connection", path),
		entry("mqtt.key_file", &m.KeyFile, "", "its key, PEM", path),
		entry("mqtt.ca_file", &m.CAFile, "", "trust these certificates (PEM) and no others", path),
	}
}

func storeKeys(c *Config) []key {
	t, q := &c.Telemetry, &c.Queue
	return []key{
		entry("telemetry.interval", &t.Interval, 30*time.Second, "", lasting(time.Second, 24*time.Hour)),
		entry("telemetry.format", &t.Format, "json", "json, or senml (RFC 8428)", oneOf("json", "senml")),
		entry("telemetry.metrics", &t.Metrics, []string{"cpu_temp", "load", "memory", "disk", "uptime", "wifi"},
			`what this board lacks is left out; "throttled" may be added`, each(oneOf("cpu_temp", "load", "memory", "disk", "uptime", "wifi", "throttled"))),
		entry("queue.max_bytes", &q.MaxBytes, 16<<20, "the oldest is dropped, counted, when there is more", within(256<<10, 1<<30)),
		entry("queue.max_age", &q.MaxAge, 7*24*time.Hour, "", lasting(time.Minute, 366*24*time.Hour)),
		entry("queue.sync", &q.Sync, "group", "group: on disk within 5 s; always: before publish returns", oneOf("group", "always")),
		entry("secrets.key", &c.Secrets.Key, "auto", "what seals the tokens: auto (a systemd credential, else a file), credential or file",
			later("tpm2", "otp"), oneOf("auto", "credential", "file")),
	}
}

func localKeys(c *Config) []key {
	l := &c.Control
	who := each(peers)
	return []key{
		entry("control.socket", &l.Socket, "/run/paird/paird.sock", "the local API", filled, path, socketPath),
		entry("control.status", &l.Status, []string{"*"}, `who may: "*", "user:NAME", "group:NAME"; root and the daemon's user always`, who),
		entry("control.publish", &l.Publish, []string{"group:paird"}, "", who),
		entry("control.token", &l.Token, []string{"group:paird"}, "", who),
		entry("control.pair", &l.Pair, []string{}, "these also see the user code", who),
		entry("control.reset", &l.Reset, []string{}, "", who),
		entry("hooks.on_event", &c.Hooks.OnEvent, []string{}, "program and arguments; the event comes as JSON on standard input", command),
		entry("log.level", &c.Log.Level, "info", "debug, info, warn or error", oneOf("debug", "info", "warn", "error")),
		entry("log.format", &c.Log.Format, "auto", "auto (text on a terminal, else JSON), text or json", oneOf("auto", "text", "json")),
	}
}
