package telemetry

import (
	"context"
	"log/slog"
	"net"
	"time"
)

// Options say which broker hears from this device, as whom, and what is measured. Empty fields take
// the defaults named beside them. ClientID, Username, Password and the values of Headers are
// templates: {access_token} {id_token} {sub} {client_id} {device_id} {claim:x}.
type Options struct {
	URL      string // mqtts://, wss://; mqtt:// and ws:// to loopback only
	ClientID string // "{device_id}"
	Username string
	Password string
	Topic    string // "paird/{device_id}"; only {device_id} is replaced

	DeviceID   string // [A-Za-z0-9_-]{1,64}
	DeviceName string // DeviceID; as Home Assistant shows it
	Version    string // of the software
	Model      string // of the board

	HomeAssistant string   // discovery prefix; "" = off
	Commands      []string // what /cmd may do: identify, report, interval; none = no subscription

	KeepAlive time.Duration // 30 s; never more than 40 s, so that a dead link is found within 60 s
	Preset    string        // "" or password-jwt, username-token, aws-custom-auth, ws-bearer
	Headers   map[string]string
	ALPN      []string
	CAFile    string // PEM, as CertFile and KeyFile read anew for each connection
	CertFile  string
	KeyFile   string

	Format   string        // "json" or "senml" (RFC 8428)
	Interval time.Duration // 30 s
	Metrics  []string      // of the host: cpu_temp, load, memory, disk, uptime, wifi, throttled
	Sensors  []Sensor

	// Emit reports an event: its type and fields, which marshal to JSON. It must not block. nil: the
	// event goes to the broker alone, by Link.Event.
	Emit func(event string, fields map[string]any)
	// Inbox takes the messages below Topic/in/. With one the broker keeps the session while the device is
	// away (CleanSession 0); nil: nothing is subscribed there.
	Inbox Inbox
	// Dial opens the plain connection to the broker or its proxy; nil means a net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Identify makes the board known to whoever looks for it. It must not block; nil does nothing.
	Identify func()
	// Now is the wall clock, and whether it is set; nil means time.Now, set.
	Now func() (now time.Time, set bool)
	// Boot is the id of this boot and the time since, on a clock that no one sets; nil asks the kernel.
	Boot func() (id string, up time.Duration)
	Log  *slog.Logger // nil means none
}

// Sensor is anything that measures. Read returns one number for each metric and ends with ctx; Unit
// is the unit of a metric as people write it ("°C", "hPa", "%"), or empty.
type Sensor interface {
	Read(ctx context.Context) (map[string]float64, error)
	Unit(metric string) string
}

// maxKeepAlive leaves room for paho's check every 5 s and its wait for the answer, of 10 s, in the
// 60 s within which a dead link is found.
const maxKeepAlive = 40 * time.Second

func (o *Options) defaults() {
	o.applyPreset()
	fill(&o.ClientID, "{device_id}")
	fill(&o.Topic, "paird/{device_id}")
	fill(&o.DeviceName, o.DeviceID)
	fill(&o.Format, "json")
	fill(&o.KeepAlive, 30*time.Second)
	fill(&o.Interval, 30*time.Second)
	o.KeepAlive = min(o.KeepAlive, maxKeepAlive)
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
		o.Boot = kernelBoot
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
