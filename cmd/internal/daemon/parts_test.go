package daemon

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/paird/paird/agent"
)

// parts are those of a device with panel, broker and inbox, as far as they are made without running it.
func parts(t *testing.T) (*device, agent.Options) {
	t.Helper()
	cfg := configured(t, t.TempDir(), "https://auth.example.com", `
[display]
panel = "png"
[png]
file = "$DIR/panel.png"
[mqtt]
url = "mqtts://broker.example.com"
`)
	cfg.Control.Subscribe = []string{"*"}
	d := &device{cfg: cfg, o: Options{Log: slog.New(slog.DiscardHandler)}, who: Identify(cfg)}
	t.Cleanup(d.close)
	t.Cleanup(d.beside.Wait)
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	for _, open := range []func() error{d.listen, d.openState, func() error { return d.openBoard(ctx) }} {
		if err := open(); err != nil {
			t.Fatal(err)
		}
	}
	o, err := d.agentOptions(ctx)
	if err != nil {
		t.Fatal(err)
	}
	d.agent = agent.New(o)
	return d, o
}

// What broker and queue report comes out of the one event stream.
func TestPartsReportToTheEventStream(t *testing.T) {
	d, _ := parts(t)
	events := d.agent.Events(t.Context())
	await := func(kind string) {
		t.Helper()
		for late := time.After(within); ; {
			select {
			case e := <-events:
				var event struct{ Type string }
				if err := json.Unmarshal(e, &event); err == nil && event.Type == kind {
					return
				}
			case <-late:
				t.Fatalf("no event %q", kind)
			}
		}
	}
	broker, err := d.brokerOptions()
	if err != nil {
		t.Fatal(err)
	}
	broker.Emit("oversized", map[string]any{"topic": "t", "bytes": 1 << 20})
	await("oversized")

	if err := d.queue.Put("t", []byte("refused")); err != nil {
		t.Fatal(err)
	}
	seq, _, _, err := d.queue.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.queue.SetAside(seq); err != nil {
		t.Fatal(err)
	}
	go d.queue.Next(t.Context())
	await("gap")
}

// The watchdog asks all parts that may hang beside the loops, and broker and agent share the inbox.
func TestPartsAreWatched(t *testing.T) {
	d, o := parts(t)
	for _, part := range []string{"presenter", "control", "sampler"} {
		if o.Watch[part] == nil {
			t.Errorf("the watchdog does not see the %s", part)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	for part, alive := range o.Watch {
		if got, want := alive(ctx), part == "sampler"; got != want { // nothing runs, and the sampler is at no sample
			t.Errorf("%s: alive %v, want %v", part, got, want)
		}
	}
	broker, err := d.brokerOptions()
	if err != nil || any(broker.Inbox) != any(d.inbox) || any(o.Inbox) != any(d.inbox) || d.inbox == nil {
		t.Errorf("inbox %v, broker %v, agent %v (%v)", d.inbox, broker.Inbox, o.Inbox, err)
	}
	if broker.Panel != "png" {
		t.Errorf("the broker gets the panel %q", broker.Panel)
	}
}
