package config

import (
	"image"
	"maps"
	"time"
)

// Config is what paird.toml says, checked, with the defaults where it says nothing. The fields are the
// keys of the file: Config.Auth.ClientID is auth.client_id. Placeholders ({device_id} ...) are still in place.
type Config struct {
	Device    Device
	Auth      Auth
	Tokens    []Token // [[token]]
	Display   Display
	Sim       Sim
	PNG       PNG
	Button    Button
	LED       LED
	MQTT      MQTT
	Telemetry Telemetry
	Queue     Queue
	Secrets   Secrets
	Control   Control
	Hooks     Hooks
	Log       Log

	at      map[string]position // of each key that was set
	given   map[string]string   // what set a key that no file does, such as "board inky-phat"
	refused Problems            // what the boot partition's file may not set
}

// Device says who this device is.
type Device struct {
	Name     string // on the panel and in Home Assistant; "": the host name
	ID       string // "": a stable id of the board
	StateDir string
}

// Auth says where and how the device asks to be authorized (RFC 8628).
type Auth struct {
	Issuer                      string // "" only with DeviceAuthorizationEndpoint and TokenEndpoint
	DeviceAuthorizationEndpoint string // these four replace what discovery says
	TokenEndpoint               string
	RevocationEndpoint          string
	JWKSURI                     string
	ClientID                    string
	ClientAuth                  string // none|basic|post|private_key_jwt; "": basic with a secret, else none
	ClientSecretFile            string
	ClientKeyFile               string // of private_key_jwt
	ClientAssertionAudience     string // of private_key_jwt: issuer|token_endpoint
	Scopes                      []string
	Audience                    string
	Resource                    []string // RFC 8707
	PKCE                        string   // auto|on|off
	DPoP                        string   // auto|on|off
	CAFile                      string
	Start                       string            // button|auto
	Revoke                      string            // auto|reset|never
	Params                      map[string]string // with {device_name} and {device_id}
}

// Token is one [[token]]: a further audience, served by refresh.
type Token struct {
	Name     string
	Resource string
	Scopes   []string
}

// Display says which panel there is and how it is wired.
type Display struct {
	Board        string // a board that is sold: sets what the file does not; "": none
	Panel        string // none|terminal|png|sim|ssd1306|...
	Size         image.Point
	Bus          string // "I2C1", "SPI0.0"
	Address      int    // on I2C, 7 bits
	ColumnOffset int    // -1: as the controller is usually wired
	Pins         map[string]string
	Required     bool
	Rotate       int // 0, 90, 180, 270 degrees clockwise
	Language     string
}

// Sim is the page of the simulated board.
type Sim struct {
	Panel  string // whose size and look it has; "": those of display.size
	Listen string // loopback host:port
	Open   bool   // the page asks for no token
}

// PNG is the panel that writes pictures.
type PNG struct {
	File string
}

// Button is the one button.
type Button struct {
	Pin       string // "": none
	ActiveLow bool
	PairHold  time.Duration
	ResetHold time.Duration // 0: never
}

// LED is the one light.
type LED struct {
	Pin string // "": none
}

// MQTT says which broker the device connects to, and with which login.
type MQTT struct {
	URL           string // "": none
	ClientID      string
	Username      string
	Password      string
	PasswordFile  string // its text is the password; "": Password
	Topic         string
	HomeAssistant string // discovery prefix; "": off
	Commands      []string
	KeepAlive     time.Duration
	Spread        time.Duration
	Preset        string            // one of telemetry.Presets; "": none
	Headers       map[string]string // of the WebSocket request
	ALPN          []string
	CertFile      string
	KeyFile       string
	CAFile        string
}

// Telemetry says what is measured.
type Telemetry struct {
	Interval time.Duration
	Format   string // json|senml
	Metrics  []string
	Sensors  []Sensor // [[telemetry.sensor]]
}

// Sensor is one [[telemetry.sensor]].
type Sensor struct {
	Driver  string
	Bus     string
	Address int     // on I2C; 0: the driver's usual one
	ID      string  // of a 1-wire sensor; "": the only one
	Metric  string  // its name in the telemetry, or the prefix of its names; "": the driver's
	Shunt   float64 // driver "ina219": in ohms
	Unit    string
	Path    string   // driver "file"
	Scale   float64  // driver "file": what the number is multiplied by
	Command []string // driver "exec"
}

// Queue bounds what waits for the broker.
type Queue struct {
	MaxBytes int
	MaxAge   time.Duration
	Sync     string // group|always
	KeepFree int    // bytes
}

// Secrets says what seals the stored tokens.
type Secrets struct {
	Key string // auto|credential|file
}

// Control is the local API. Each list names who may: "*", "user:NAME", "group:NAME".
type Control struct {
	Socket    string
	Status    []string
	Publish   []string
	Subscribe []string
	Token     []string
	Pair      []string
	Reset     []string
}

// Hooks are programs that run on events.
type Hooks struct {
	OnEvent []string // program and arguments
}

// Log says how the daemon logs to standard error.
type Log struct {
	Level  string // debug|info|warn|error
	Format string // auto|text|json
}

// IsSet reports whether a file or a Preset set a key, such as "display.size".
func (c Config) IsSet(key string) bool { return c.set(key) || c.given[key] != "" }

// set reports whether a file set a key.
func (c Config) set(key string) bool { return c.at[key].line > 0 }

// Preset sets keys that the files leave out, by TOML values of their types. Print says that they come from there.
func (c *Config) Preset(from string, values map[string]any) {
	given := maps.Clone(c.given)
	for _, k := range keys(c) {
		if raw, ok := values[k.name]; ok && !c.set(k.name) && k.set(raw) == "" {
			if given == nil {
				given = map[string]string{}
			}
			given[k.name] = from
		}
	}
	c.given = given
}
