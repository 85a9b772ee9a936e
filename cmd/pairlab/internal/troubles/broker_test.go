package troubles

import (
	"context"
	"encoding/binary"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
)

// brokerTroubles are those of a device that is paired.
func brokerTroubles() []trouble {
	const cannotSend = "Cannot send data"
	return []trouble{
		{"the broker refuses the token", "Sending not allowed", control.ProblemBrokerAuth, "the broker does not accept the login", "`broker`", "1, 1", "", brokerRefuses},
		{"the broker does not answer", cannotSend, control.ProblemBroker, "is the broker running?", "`broker`", "1, 1", "", brokerDown},
		{"the broker's certificate is of an unknown authority", "No secure connection", control.ProblemTLS, "certificate signed by unknown authority", "`broker`", "1, 1", "set mqtt.ca_file to the authority that signed the broker's certificate", brokerUnknown},
		{"another client has the same `mqtt.client_id`", cannotSend, control.ProblemBroker, "another client", "`broker`", "1, 1", "give each device a device.id or mqtt.client_id of its own; copies of one SD card share them", oneClientID},
	}
}

// withBroker is a device that has paired, and connects to the broker after its start: no code is shown then, and not who
// has just paired.
func withBroker(t *testing.T, l *lab, auth, url string) *device {
	t.Helper()
	d := newDevice(t, l.URL, auth)
	d.Start()
	d.Await("paired", e2e.Paired)
	d.Stop()
	d.Section("[mqtt]\nurl = %q\nspread = \"0s\"\nusername = \"{device_id}\"\npassword = \"{access_token}\"\n", url)
	return d.started()
}

func brokerRefuses(t *testing.T) *device {
	l := newLab(t, time.Hour)
	return withBroker(t, l, strings.Replace(approved, `, "telemetry"`, "", 1), l.broker(t).URL())
}

func brokerDown(t *testing.T) *device {
	return withBroker(t, newLab(t, time.Hour), approved, "mqtt://"+closedPort(t))
}

func brokerUnknown(t *testing.T) *device {
	url, _ := secured(t, unchanged)
	return withBroker(t, newLab(t, time.Hour), approved, strings.Replace(url, "https", "mqtts", 1))
}

// oneClientID is a device beside another client with its mqtt.client_id, which connects again whenever the device is online.
// MQTT 3.1.1, 3.1.4: "the Server MUST disconnect the existing Client".
func oneClientID(t *testing.T) *device {
	l := newLab(t, time.Hour)
	url := l.broker(t).URL()
	d := withBroker(t, l, approved, url)
	d.Await("online", e2e.Online)
	token, _ := d.Paird("token")
	go d.takeOver(t.Context(), strings.TrimPrefix(url, "mqtt://"), connect(e2e.DeviceID, strings.TrimSpace(token)))
	return d
}

// takeOver takes each session of the device over when it has lasted for some seconds: one that ends at once could have been
// refused for what it had just sent.
func (d *device) takeOver(ctx context.Context, address string, packet []byte) {
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	var online time.Time
	for ; ctx.Err() == nil; <-look.C {
		switch s, err := d.Status(ctx); {
		case err != nil || !e2e.Online(s):
			online = time.Time{}
		case online.IsZero():
			online = time.Now()
		case time.Since(online) > 3*time.Second:
			online = time.Time{}
			if conn, err := net.Dial("tcp", address); err == nil {
				context.AfterFunc(ctx, func() { conn.Close() })
				conn.Write(packet)
			}
		}
	}
}

// connect is a CONNECT with a clean session, user name and password (MQTT 3.1.1 section 3.1).
func connect(id, password string) []byte {
	field := func(s string) string { return string([]byte{byte(len(s) >> 8), byte(len(s))}) + s }
	body := field("MQTT") + "\x04\xc2\x00\x3c" + field(id) + field(id) + field(password)
	return append(binary.AppendUvarint([]byte{0x10}, uint64(len(body))), body...)
}
