package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/telemetry"
	"github.com/paird/paird/cmd/internal/daemon"
	"github.com/paird/paird/display"
)

// server asks the authorization server for its metadata, over TLS, as the daemon does.
func (x *checkup) server(ctx context.Context) (deviceauth.Metadata, finding) {
	noKey := func() ([]byte, error) { return nil, errors.New("no key without a store") }
	c, err := daemon.Authorization(x.cfg, x.who, version, noKey, nil)
	if err != nil {
		return deviceauth.Metadata{}, verdict("server", err, "")
	}
	c.Cache = nil // what the server says now, not what it said once
	client, err := deviceauth.New(c)
	if err != nil {
		return deviceauth.Metadata{}, verdict("server", err, "")
	}
	m, err := client.Metadata(ctx)
	good := fmt.Sprintf("%s: device authorization at %s", cmp.Or(display.ASCIIURI(x.cfg.Auth.Issuer), "endpoints by hand"), display.ASCIIURI(m.DeviceAuthorizationEndpoint))
	return m, verdict("server", err, good)
}

// broker reports whether the broker can be reached; only the daemon has a token to try it with.
func (x *checkup) broker(ctx context.Context) finding {
	if x.status != nil && x.status.Broker != nil && x.status.Broker.State != control.BrokerOff {
		b := x.status.Broker
		return finding{"broker", b.State == control.BrokerOnline, oneLine(fmt.Errorf("%s %s %s", b.State, b.URL, b.Error))}
	}
	o, err := daemon.Broker(x.cfg, x.who, version)
	if err != nil {
		return verdict("broker", err, "")
	}
	l, err := telemetry.New(o, nil)
	if err != nil {
		return verdict("broker", err, "")
	}
	return verdict("broker", l.Reach(ctx), x.cfg.MQTT.URL+" answers; only the daemon can say whether it takes the token")
}
