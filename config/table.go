package config

// key is one line of the key table, bound to the field of one Config.
type key struct {
	name    string // with its sections: "auth.issuer"
	field   any    // *string *bool *int *float64 *time.Duration *image.Point *[]string *map[string]string
	doc     string // one line for the example
	rules   []rule // what the file's value must fulfil; a default is not checked
	example string // the value of a required key in the example; "": the default stands there, commented out
	hex     bool   // a number that datasheets write in hexadecimal
	boot    bool   // the file on the boot partition may set it
}

func entry(name string, field any, doc string, rules ...rule) key {
	return key{name: name, field: field, doc: doc, rules: rules}
}

// required marks a key that the example must show set.
func (k key) required(example string) key {
	k.example = quote(example)
	return k
}

func (k key) hexadecimal() key {
	k.hex = true
	return k
}

// onBoot marks a key that the file on the boot partition may set. Everyone who holds the card may write that file, so it names no
// program, no file and no user.
func (k key) onBoot() key {
	k.boot = true
	return k
}

// keys is the key table: every key of the file but those of [[token]] and [[telemetry.sensor]], in the order of
// the example.
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
		entry("device.name", &d.Name, `on the panel, the consent page and in Home Assistant; "": the host name`, atMost(64)).onBoot(),
		entry("device.id", &d.ID, `1 to 64 letters, digits, - or _; "": a stable id of the board`),
		entry("device.state_dir", &d.StateDir, "holds the grant and the queue; mode 0700", text(filled), text(path)),
	}
}

func authKeys(c *Config) []key {
	a := &c.Auth
	mode := words{"auto", "on", "off"}
	return []key{
		entry("auth.issuer", &a.Issuer, "the authorization server, found by RFC 8414 or OpenID discovery").required("https://auth.example.com").onBoot(),
		entry("auth.client_id", &a.ClientID, "how this product is registered there").required("printer").onBoot(),
		entry("auth.device_authorization_endpoint", &a.DeviceAuthorizationEndpoint, "this and the next three replace discovery"),
		entry("auth.token_endpoint", &a.TokenEndpoint, ""),
		entry("auth.revocation_endpoint", &a.RevocationEndpoint, ""),
		entry("auth.jwks_uri", &a.JWKSURI, ""),
		entry("auth.client_auth", &a.ClientAuth, `none, basic, post or private_key_jwt; "": basic with a secret, else none`,
			words{"", "none", "basic", "post", "private_key_jwt"}),
		entry("auth.client_secret_file", &a.ClientSecretFile, "the secret of basic and post; a trailing newline is dropped", text(path)),
		entry("auth.client_key_file", &a.ClientKeyFile, "the key of private_key_jwt, PEM", text(path)),
		entry("auth.client_assertion_audience", &a.ClientAssertionAudience,
			"of private_key_jwt: issuer, or token_endpoint where the server wants that (Hydra)", words{"issuer", "token_endpoint"}),
		entry("auth.scopes", &a.Scopes, "the scopes to ask for").onBoot(),
		entry("auth.audience", &a.Audience, "the API the token is for, as Auth0 wants it").onBoot(),
		entry("auth.resource", &a.Resource, "the API the token is for (RFC 8707)").onBoot(),
		entry("auth.pkce", &a.PKCE, "auto (where the server offers S256), on or off", mode),
		entry("auth.dpop", &a.DPoP, "auto (where the server offers ES256), on or off; a bound token is no bearer token", mode),
		entry("auth.ca_file", &a.CAFile, "trust these certificates (PEM) and no others", text(path)),
		entry("auth.start", &a.Start, "button: ask for a code when the user acts (RFC 8628 section 3.1); auto: at once", words{"button", "auto"}),
		entry("auth.revoke", &a.Revoke, "when to revoke a grant. auto: at a factory reset, and at pairing again by another account; "+
			"reset: at a factory reset; never", words{"auto", "reset", "never"}),
		entry("auth.params", &a.Params, "more parameters of the device authorization request; {device_name} and {device_id} are filled in"),
	}
}

func boardKeys(c *Config) []key {
	d, b := &c.Display, &c.Button
	return []key{
		entry("display.board", &d.Board, `sets panel, bus, pins and button where this file does not; "": none`).onBoot(),
		entry("display.panel", &d.Panel, "").onBoot(),
		entry("display.size", &d.Size, "of png, sim and terminal, and of panels that are sold in several sizes, such as ssd1306"),
		entry("display.bus", &d.Bus, `the I2C or SPI bus, such as "I2C1" or "SPI0.0"`),
		entry("display.address", &d.Address, "of a panel on I2C").hexadecimal(),
		entry("display.column_offset", &d.ColumnOffset, "-1: as the controller is usually wired (SH1106: 2)"),
		entry("display.pins", &d.Pins, "dc, reset, busy and power by name, where the panel needs them"),
		entry("display.required", &d.Required, "true: do not start without the panel"),
		entry("display.rotate", &d.Rotate, "0, 90, 180 or 270 degrees clockwise").onBoot(),
		entry("display.language", &d.Language, "").onBoot(),
		entry("sim.panel", &c.Sim.Panel, `the panel that panel = "sim" looks like; "": a plain one of display.size`),
		entry("sim.listen", &c.Sim.Listen, `the page of panel = "sim", on this machine only; the log says its address, with a token in it`),
		entry("sim.open", &c.Sim.Open, "true: the page asks for no token, so every user of this machine may press the button; for a lab"),
		entry("png.file", &c.PNG.File, `panel = "png" replaces this file with each frame; best in memory, below /run`, text(path)),
		entry("button.pin", &b.Pin, `such as "GPIO17"; "": no button`).onBoot(),
		entry("button.active_low", &b.ActiveLow, "pressing connects the pin to ground").onBoot(),
		entry("button.pair_hold", &b.PairHold, "hold the button this long and let go: pair", span{half, minute}).onBoot(),
		entry("button.reset_hold", &b.ResetHold, `let go after this, then press again within 10 s: factory reset; "0s": never`, span{0, 2 * minute}).onBoot(),
		entry("led.pin", &c.LED.Pin, `"": no LED`),
	}
}

func mqttKeys(c *Config) []key {
	m := &c.MQTT
	return []key{
		entry("mqtt.url", &m.URL, `mqtts:// or wss://; mqtt:// and ws:// to this machine only; "": no broker`).onBoot(),
		entry("mqtt.client_id", &m.ClientID, "{device_id} {client_id} {sub} {claim:NAME}"),
		entry("mqtt.username", &m.Username, "{access_token} {id_token} {sub} {client_id} {device_id} {claim:NAME}"),
		entry("mqtt.password", &m.Password, "as username; a password of its own belongs into the next key's file"),
		entry("mqtt.password_file", &m.PasswordFile, "holds a static password; read for each connection, a trailing newline is dropped", text(path)),
		entry("mqtt.topic", &m.Topic, "the topics telemetry, status, about, event, cmd and in are below it", text(filled)).onBoot(),
		entry("mqtt.home_assistant", &m.HomeAssistant, `discovery prefix, usually "homeassistant"; "": off`),
		entry("mqtt.commands", &m.Commands, `what the cmd topic may do`),
		entry("mqtt.keep_alive", &m.KeepAlive, "at most 40s, so that a dead link is found within a minute", span{5 * second, 40 * second}),
		entry("mqtt.spread", &m.Spread, `first connect, refresh after boot and reconnect wait a part of this; fleets: "60s"`, span{0, hour}),
		entry("mqtt.preset", &m.Preset, `"": none`),
		entry("mqtt.headers", &m.Headers, "headers of the WebSocket request; placeholders as in username"),
		entry("mqtt.alpn", &m.ALPN, `TLS protocols, such as ["mqtt"]`, text(filled)),
		entry("mqtt.cert_file", &m.CertFile, "client certificate, PEM; read again for each connection", text(path)),
		entry("mqtt.key_file", &m.KeyFile, "its key, PEM", text(path)),
		entry("mqtt.ca_file", &m.CAFile, "trust these certificates (PEM) and no others", text(path)),
	}
}

func storeKeys(c *Config) []key {
	t, q := &c.Telemetry, &c.Queue
	return []key{
		entry("telemetry.interval", &t.Interval, "", span{second, day}),
		entry("telemetry.format", &t.Format, "json, or senml (RFC 8428)", words{"json", "senml"}),
		entry("telemetry.metrics", &t.Metrics, `what this board lacks is left out`),
		entry("queue.max_bytes", &q.MaxBytes, "bytes; when there is more, the oldest record is dropped and counted", numbers{256 << 10, 1 << 30}),
		entry("queue.max_age", &q.MaxAge, "", span{minute, 366 * day}),
		entry("queue.sync", &q.Sync, "group: on disk within 5 s; always: before publish returns", words{"group", "always"}),
		entry("queue.keep_free", &q.KeepFree, "bytes of the file system that the queue never takes", numbers{0, 1 << 30}),
		entry("secrets.key", &c.Secrets.Key, "what seals the tokens: auto (a systemd credential, else a file), credential or file",
			later{"tpm2", "otp"}, words{"auto", "credential", "file"}),
	}
}

func localKeys(c *Config) []key {
	l := &c.Control
	return []key{
		entry("control.socket", &l.Socket, "the local API", text(filled), text(path)),
		entry("control.status", &l.Status, `who may: "*", "user:NAME", "group:NAME"; root and the daemon's user always`),
		entry("control.publish", &l.Publish, ""),
		entry("control.subscribe", &l.Subscribe, "these receive what the broker sends below <mqtt.topic>/in/; while there is such a user or group, the broker keeps the session"),
		entry("control.token", &l.Token, ""),
		entry("control.pair", &l.Pair, "these may pair, and see the user code and the account"),
		entry("control.reset", &l.Reset, ""),
		entry("hooks.on_event", &c.Hooks.OnEvent, "program and arguments; the event comes as JSON on standard input"),
		entry("log.level", &c.Log.Level, "debug, info, warn or error", words{"debug", "info", "warn", "error"}),
		entry("log.format", &c.Log.Format, "auto (text on a terminal, else JSON), text or json", words{"auto", "text", "json"}),
	}
}

// tokenKeys is the key table of one [[token]].
func tokenKeys(t *Token) []key {
	return []key{
		entry("name", &t.Name, "what `paird token NAME` asks for: 1 to 64 letters, digits, dots, - or _", text(filled), atMost(64), text(tokenName)),
		entry("resource", &t.Resource, "RFC 8707"),
		entry("scopes", &t.Scopes, "a part of auth.scopes"),
	}
}

// sensorKeys is the key table of one [[telemetry.sensor]].
func sensorKeys(s *Sensor) []key {
	return []key{
		entry("driver", &s.Driver, "the chip", text(filled)),
		entry("bus", &s.Bus, ""),
		entry("address", &s.Address, "0: the usual one").hexadecimal(),
		entry("id", &s.ID, `of a 1-wire sensor, such as "28-0316a2794c2f"; "": the only one`),
		entry("metric", &s.Metric, "its name in the telemetry", text(metricName)),
		entry("shunt", &s.Shunt, "of ina219: its resistor, in ohms", ohms{}),
		entry("unit", &s.Unit, "of file and exec, for SenML and Home Assistant"),
		entry("path", &s.Path, `of file: below /sys, holding one number`, text(path)),
		entry("scale", &s.Scale, "of file: what the number is multiplied by"),
		entry("command", &s.Command, "of exec: program and arguments; prints a number or a JSON object of numbers"),
	}
}
