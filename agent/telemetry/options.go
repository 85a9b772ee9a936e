package telemetry

import (
	"context"
	"log/slog"
	"net"
	"time"
)

// Options say which broker this device connects to, with which login, and what it measures. Empty
// fields take the defaults named beside them. ClientID, Username, Password and the values of Headers
// are templates: {access_token} {id_token} {sub} {client_id} {device_id} {claim:x}.
type Options struct {
	URL      string // mqtts://, wss://; mqtt:// and ws:// to loopback only
	ClientID string // "{device_id}"
	Username string
	Password string
	// PasswordFile has the password in it, as it is but for a newline at its end. It is read for each session.
	PasswordFile string
	Topic        string // "paird/{device_id}"; only {device_id} is replaced

	DeviceID   string // [A-Za-z0-9_-]{1,64}
	DeviceName string // DeviceID; as Home Assistant shows it
	Version    string // of the software
	Model      string // of the board
	Panel      string // driver of the panel, for Topic/about; "" = none

	HomeAssistant string   // discovery prefix; "" = off
	Commands      []string // what /cmd may do, of Commands(); none = no subscription

	KeepAlive time.Duration // 30 s; never more than 40 s, so that a dead link is found within 60 s
	Preset    string        // "" or one of Presets()
	Headers   map[string]string
	ALPN      []string
	CAFile    string // PEM; CAFile, CertFile and KeyFile are read for each connection
	CertFile  string
	KeyFile   string

	Format   string        // "json" or "senml" (RFC 8428)
	Interval time.Duration // 30 s
	Metrics  []string      // of the host, of Metrics()
	Sensors  []Sensor

	// Emit reports an event: its type and fields, which marshal to JSON. It must not block. nil: the
	// event goes to the broker alone, by Link.Event.
	Emit func(event string, fields map[string]any)
	// Inbox takes the messages below Topic/in/. With one the broker keeps the session while the device is
	// away (CleanSession 0); nil: nothing is subscribed there.
	Inbox Inbox
	// Dial opens the plain connection to the broker or its proxy; nil means a net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Identify makes the board show which one it is. It must not block; nil does nothing.
	Identify func()
	// Now is the wall clock, and whether it is set; nil means time.Now, set.
	Now func() (now time.Time, set bool)
	// Boot is the id of this boot and the time since, on a clock that cannot be set. nil: a sample taken
	// before the clock is set is sent without a time.
	Boot func() (id string, up time.Duration)
	Log  *slog.Logger // nil means none
}

// Credentials are the values of the placeholders in the login, for one session.
type Credentials struct {
	AccessToken string
	IDToken     string
	Subject     string
	ClientID    string         // OAuth client_id
	Claims      map[string]any // of the ID token, for {claim:x}
	Account     string         // owner of the queue: issuer and subject; empty where no subject is known
	Expiry      time.Time      // of the access token, zero if unknown; a login without a token ignores it
	NewAccount  bool           // the last session was another account's: what the broker keeps of it is discarded
}

// Queue is where readings and events wait for the broker. Next gives each record once, in order,
// until Rewind makes the unacknowledged ones come again; it blocks until there is one or ctx ends.
// seq counts within Stream, from 1. The topics "telemetry" and "event" carry a record that this package
// finishes at sending (ts, stream, seq); any other goes out byte for byte.
type Queue interface {
	Next(ctx context.Context) (seq uint64, topic string, payload []byte, err error)
	Ack(seq uint64) error
	SetAside(seq uint64) error // the broker always refuses it: never offered again, counted as dropped
	Rewind()
	Put(topic string, payload []byte) error
	Online(bool) // while true records stay in memory
	Stream() string
}

// Inbox is where messages for the programs of this board wait. Put returns when the message is durable,
// with its number; after an error the broker keeps the message.
type Inbox interface {
	Put(topic string, payload []byte) (seq uint64, err error)
}

// Sensor is anything that measures. Read returns one number for each metric and ends with ctx; Unit
// is the unit of a metric as people write it ("°C", "hPa", "%"), or empty.
type Sensor interface {
	Read(ctx context.Context) (map[string]float64, error)
	Unit(metric string) string
}

// maxKeepAlive leaves room for the 10 s in which a PINGRESP must come, in the 60 s within which a dead
// link is found.
const maxKeepAlive = 40 * time.Second

func (o *Options) defaults() {
	if o.PasswordFile != "" && o.Password == plainPassword {
		o.Password = ""
	}
	o.applyPreset()
	fill(&o.ClientID, "{device_id}")
	fill(&o.Topic, "paird/{device_id}")
	fill(&o.DeviceName, o.DeviceID)
	fill(&o.Format, "json")
	fill(&o.KeepAlive, 30*time.Second)
	fill(&o.Interval, 30*time.Second)
	o.KeepAlive = min(o.KeepAlive, maxKeepAlive).Truncate(time.Second) // MQTT counts seconds
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	if o.Identify == nil {
		o.Identify = func() {}
	}
	if o.Now == nil {
		o.Now = func() (time.Time, bool) { return time.Now(), true }
	}
	if o.Boot == nil {
		o.Boot = func() (string, time.Duration) { return "", 0 }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// fill gives an empty field its default.
func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
