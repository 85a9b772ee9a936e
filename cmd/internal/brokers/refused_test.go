//go:build real

package brokers

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/agent/telemetry"
)

// refuses checks that tokens are refused that another key signed, and one that has run out where the
// broker knows.
func refuses(t *testing.T, b *broker) {
	t.Helper()
	d := newDevice(t, b, "stranger", b.url)
	if err := b.admit(d.id, b.issuer.token(t, d.id, time.Hour)); err != nil { // the device is known, the token not
		t.Fatal(err)
	}
	for what, token := range map[string]string{
		"of another key": newIssuer(t).token(t, d.id, time.Hour, b.scopes(d.id)...),
		"of the past":    b.issuer.token(t, d.id, -time.Hour, b.scopes(d.id)...),
		"no JWT":         "nonsense",
	} {
		err := d.link.Serve(t.Context(), telemetry.Credentials{AccessToken: token, Account: d.id}, func() { t.Errorf("a token %s: online", what) })
		if e, ok := errors.AsType[*telemetry.Error](err); !ok || e.Kind != telemetry.BrokerAuth {
			t.Errorf("a token %s: %v, want %s", what, err, telemetry.BrokerAuth)
		} else if strings.Contains(e.Error(), token) {
			t.Errorf("a token %s is in the error", what)
		}
	}
}

// forbids puts a message that the token may not publish among others. The others arrive; dropped is what the
// queue counts: nothing where the broker acknowledges what it drops, one where it closes the connection.
func forbids(t *testing.T, b *broker, dropped uint64) {
	t.Helper()
	w := watch(t, b, "limited")
	d := newDevice(t, b, "limited", b.url)
	if err := d.queue.Put("secret", []byte("not for you")); err != nil {
		t.Fatal(err)
	}
	d.run()
	d.feed(0)
	sum := w.collect(t, quick)
	d.stop()
	if s := d.queue.Stats(); s.Dropped != dropped {
		t.Errorf("the queue ends with %+v, want %d dropped", s, dropped)
	}
	if got := sum.topics["paird/limited/secret"]; len(got) > 0 {
		t.Errorf("the broker let %q through", got)
	}
	events := strings.Join(sum.topics["paird/limited/event"], "\n")
	if reported := strings.Contains(events, `"type":"gap"`); reported != (dropped > 0) {
		t.Errorf("%d dropped, the events are %s", dropped, events)
	}
	t.Logf("%d sessions failed %v, %d duplicates", len(d.failed), d.spells, sum.duplicates)
}

// refusesCommands checks that the refusal of a subscription is reported by an event, and that
// messages go on.
func refusesCommands(t *testing.T, b *broker) {
	t.Helper()
	w := watch(t, b, "uncommanded")
	d := newDevice(t, b, "uncommanded", b.url, func(o *telemetry.Options) { o.Commands = []string{"identify"} })
	d.run()
	d.awaitOnline()
	d.feed(0)
	sum := w.collect(t, quick)
	d.emptied()
	d.smooth()
	if events := sum.topics["paird/uncommanded/event"]; !strings.Contains(strings.Join(events, "\n"), `"subscription":"paird/uncommanded/cmd"`) {
		t.Errorf("the events are %q", events)
	}
}

// discovered has Debian's mosquitto_sub look for the retained messages of a device, a while after they were sent.
func discovered(t *testing.T, b *broker) {
	t.Helper()
	d := newDevice(t, b, "described", b.url, func(o *telemetry.Options) { o.HomeAssistant = "homeassistant" })
	d.link.Sample(t.Context())
	d.run()
	d.awaitOnline()
	retained := func(topic string) string {
		args := append([]string{"-h", "127.0.0.1", "-p", fmt.Sprint(b.port), "-q", "1", "-W", "20", "-C", "1", "--retained-only", "-F", "%r %t %p", "-t", topic}, b.door...)
		out, err := exec.CommandContext(t.Context(), "mosquitto_sub", args...).Output()
		if err != nil {
			t.Errorf("mosquitto_sub %s: %v %s", topic, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	config, ok := strings.CutPrefix(retained("homeassistant/device/described/config"), "1 homeassistant/device/described/config ")
	if !ok {
		t.Fatalf("no discovery message is retained: %q", config)
	}
	checkDiscovery(t, config)
	if got := retained("paird/described/status"); got != "1 paird/described/status online" {
		t.Errorf("retained status: %q", got)
	}
	d.stop()
}
