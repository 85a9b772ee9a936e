package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
)

// TestSummary has a line for everything there is.
func TestSummary(t *testing.T) {
	got := summary(control.Status{
		Version: "1.0", Device: control.Device{ID: "dev1", Name: "Kitchen printer"}, State: control.StatePairing,
		Pairing:  &control.Pairing{UserCode: "WDJB-MJHT", VerificationURI: "https://example.com/device", ExpiresIn: 90},
		Grant:    &control.Grant{Refreshed: time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local)},
		Broker:   &control.Broker{State: control.BrokerOnline, URL: "mqtts://broker", Oversized: 2},
		Queue:    &control.Queue{Messages: 3, Bytes: 99, Dropped: 1},
		Panel:    &control.Panel{Driver: "sh1106", Size: "128x64", Error: "no answer"},
		Clock:    control.Clock{Synchronised: true},
		Problems: []control.Problem{{Code: "panel", Detail: "no answer"}, {Code: "broker", Detail: "no\nroute"}},
	}, pressOrPair)
	want := `device   Kitchen printer (dev1), paird 1.0
state    pairing
pairing  enter WDJB-MJHT at https://example.com/device within 1m30s
account  name not known, tokens of 2026-01-02 03:04:05
broker   online mqtts://broker
         2 messages of it were too large and were dropped
queue    3 messages, 99 bytes, 1 dropped
panel    sh1106 128x64 no answer
clock    synchronised
problem  panel: no answer
problem  broker: no route
next     check the wiring, I2C or SPI in raspi-config, display.panel and the pins
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestBrokerFinding: a broker that refuses retained messages serves the device, and doctor says what is lost by it.
func TestBrokerFinding(t *testing.T) {
	for _, c := range []struct {
		broker control.Broker
		want   finding
	}{
		{control.Broker{State: control.BrokerOnline, URL: "mqtts://b"}, finding{"broker", good, "online mqtts://b"}},
		{control.Broker{State: control.BrokerConnecting, URL: "mqtts://b", Error: "no\nroute"}, finding{"broker", failed, "connecting mqtts://b no route"}},
		{control.Broker{State: control.BrokerOnline, URL: "mqtts://b", Unretained: true}, finding{"broker", good,
			"online mqtts://b; it refuses retained messages, so a subscriber does not see whether this device is online before the next change: allow them on its topics"}},
	} {
		if got := brokerFinding(c.broker); got != c.want {
			t.Errorf("got  %v\nwant %v", got, c.want)
		}
	}
}

// TestNextStep has one for each problem, and none for a device that is well.
func TestNextStep(t *testing.T) {
	seen := map[string]bool{}
	for _, code := range control.Problems() {
		step := nextStep(control.Status{State: control.StatePaired, Problems: []control.Problem{{Code: code}}}, pressOrPair)
		if step == "" {
			t.Errorf("nothing to do about %s", code)
		}
		seen[step] = true
	}
	if len(seen) != len(control.Problems())-1 { // denied and expired share one
		t.Errorf("%d steps for %d problems", len(seen), len(control.Problems()))
	}
	if step := nextStep(control.Status{State: control.StatePaired}, pressOrPair); step != "" {
		t.Errorf("a device that is well: %q", step)
	}
}

// TestHealth: a status has an exit code and no line of error.
func TestHealth(t *testing.T) {
	grant := &control.Grant{}
	for _, c := range []struct {
		s    control.Status
		code int
	}{
		{control.Status{State: control.StatePaired, Grant: grant}, exitDone},
		{control.Status{State: control.StatePairing, Grant: grant}, exitDone},
		{control.Status{State: control.StatePairing}, exitNotPaired},
		{control.Status{State: control.StateUnpaired}, exitNotPaired},
		{control.Status{State: control.StatePaired, Grant: grant, Problem: &control.Problem{}}, exitFailed},
		{control.Status{State: control.StateUnpaired, Problem: &control.Problem{}}, exitFailed},
	} {
		var out strings.Builder
		if code := (&program{stderr: &out}).report(health(c.s)); code != c.code || out.Len() > 0 {
			t.Errorf("%+v: %d %q", c.s, code, &out)
		}
	}
}

// changing is a daemon whose status changes with each event.
type changing struct {
	control.Backend
	states []control.State
	events chan []byte
}

func (c *changing) Events(context.Context) <-chan []byte { return c.events }

func (c *changing) Status() control.Status {
	s := control.Status{State: c.states[0]}
	c.states = c.states[1:]
	return s
}

// TestWatch shows the status at the beginning and after each event, until the daemon stops.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	text := fmt.Sprintf("[auth]\nissuer = \"https://auth.example.com\"\nclient_id = \"x\"\n[control]\nsocket = %q\n", dir+"/sock")
	if err := os.WriteFile(dir+"/paird.toml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := control.Listen(dir + "/sock")
	if err != nil {
		t.Fatal(err)
	}
	daemon := &changing{states: []control.State{"unpaired", "pairing", "paired"}, events: make(chan []byte, 1)}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	served := make(chan error)
	go func() {
		served <- control.Serve(ctx, l, control.Handler(daemon, control.HandlerOptions{Status: []string{"*"}}))
	}()
	var seen []control.State
	err = (&program{config: dir + "/paird.toml", configGiven: true}).watch(t.Context(), func(s control.Status) error {
		seen = append(seen, s.State)
		if len(seen) == 3 {
			close(daemon.events)
			stop()
			return nil
		}
		daemon.events <- []byte(`{"type":"problem"}`)
		return nil
	})
	if e, ok := errors.AsType[*exit](err); !ok || e.code != exitNoDaemon {
		t.Errorf("ends with %v", err)
	}
	if want := []control.State{"unpaired", "pairing", "paired"}; !slices.Equal(seen, want) {
		t.Errorf("shows %v, want %v", seen, want)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// TestReport gives each error its line and its code.
func TestReport(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		text string
	}{
		{nil, 0, ""},
		{errHelped, 0, ""},
		{errors.New("a"), 1, "paird: a\n"},
		{errors.Join(errors.New("a"), usage("b")), 2, "paird: a; b\n"},
		{faulty("f", errors.New("a"), nil, errors.New("b\nc")), 2, "paird: f: a\npaird: f: b; c\n"},
		{faulty("f", nil, nil), 0, ""},
		{withCode(control.ErrNotRunning), 5, "paird: paird is not running: start it with `systemctl start paird` or `paird run`\n"},
		{withCode(&control.Error{Code: control.NotPaired, Message: "no"}), 4, "paird: no\n"},
		{withCode(&control.Error{Code: control.BadRequest, Message: "no"}), 2, "paird: no\n"},
		{withCode(&control.Error{Code: control.TooLarge, Message: "no"}), 2, "paird: no\n"},
		{withCode(&control.Error{Code: control.Storage, Message: "no"}), 1, "paird: no\n"},
		{withCode(&control.Error{Code: control.Forbidden, Message: "no"}), 1, "paird: no\n"},
	} {
		var out strings.Builder
		if code := (&program{stderr: &out}).report(c.err); code != c.code || out.String() != c.text {
			t.Errorf("%v: %d, %q", c.err, code, out.String())
		}
	}
}
