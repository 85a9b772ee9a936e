package main

import (
	"errors"
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
	})
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
		{control.Broker{State: control.BrokerOnline, URL: "mqtts://b"}, finding{"broker", true, "online mqtts://b"}},
		{control.Broker{State: control.BrokerConnecting, URL: "mqtts://b", Error: "no\nroute"}, finding{"broker", false, "connecting mqtts://b no route"}},
		{control.Broker{State: control.BrokerOnline, URL: "mqtts://b", Unretained: true}, finding{"broker", true,
			"online mqtts://b; it refuses retained messages, so a subscriber does not see whether this device is online before the next change: allow them on its topics"}},
	} {
		if got := brokerFinding(c.broker); got != c.want {
			t.Errorf("got  %v\nwant %v", got, c.want)
		}
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
