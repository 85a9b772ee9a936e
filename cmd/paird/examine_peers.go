package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/telemetry"
	"github.com/paird/paird/cmd/internal/daemon"
	"github.com/paird/paird/config"
	"github.com/paird/paird/display"
)

// server asks the authorization server for its metadata, over TLS, as the daemon does.
func (x *checkup) server(ctx context.Context) (deviceauth.Metadata, finding) {
	m, err := metadata(ctx, x.cfg, x.who)
	good := fmt.Sprintf("%s: device authorization at %s", cmp.Or(display.ASCIIURI(x.cfg.Auth.Issuer), "endpoints by hand"), display.ASCIIURI(m.DeviceAuthorizationEndpoint))
	return m, verdict("server", err, good)
}

// metadata is what the authorization server of cfg says of itself now.
func metadata(ctx context.Context, cfg config.Config, who daemon.Device) (deviceauth.Metadata, error) {
	noKey := func() ([]byte, error) { return nil, errors.New("no key without a store") }
	c, err := daemon.Authorization(cfg, who, version, noKey, nil)
	if err != nil {
		return deviceauth.Metadata{}, err
	}
	c.Cache = nil // what the server says now, not what it said once
	client, err := deviceauth.New(c)
	if err != nil {
		return deviceauth.Metadata{}, err
	}
	return client.Metadata(ctx)
}

// brokerFinding is what the daemon knows of its broker.
func brokerFinding(b control.Broker) finding {
	text := strings.Join(strings.Fields(b.State+" "+b.URL+" "+b.Error), " ")
	if b.Unretained {
		text += "; it refuses retained messages, so a subscriber does not see whether this device is online before the next change: allow them on its topics"
	}
	return finding{"broker", passed(b.State == control.BrokerOnline), text}
}

// broker reports whether the broker can be reached; only the daemon has a token to try it with.
func (x *checkup) broker(ctx context.Context) finding {
	if x.status != nil && x.status.Broker != nil && x.status.Broker.State != control.BrokerOff {
		return brokerFinding(*x.status.Broker)
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
