package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/paird/paird/agent/telemetry"
	"github.com/paird/paird/cmd/internal/daemon"
	"github.com/paird/paird/config"
	"github.com/paird/paird/hal"
)

// configure is `paird config check|print`.
func (p *program) configure(_ context.Context, args []string) error {
	rest, err := p.parse(p.flags("config"), args, 1, 1)
	if err != nil {
		return err
	}
	if rest[0] != "check" && rest[0] != "print" {
		return usage("config takes check or print, not %q", rest[0])
	}
	cfg, err := p.load()
	if err != nil {
		return err
	}
	if rest[0] == "print" {
		return cfg.Print(p.stdout)
	}
	if err := p.check(cfg); err != nil {
		return err
	}
	if warning := boundPassword(cfg); warning != "" {
		fmt.Fprintln(p.stderr, "paird: warning:", warning)
	}
	_, err = fmt.Fprintln(p.stdout, p.config+": good")
	return err
}

// check is everything about a configuration that can be known without a network or hardware.
func (p *program) check(cfg config.Config) error {
	all := []error{cfg.Check()}
	who := daemon.Identify(cfg)
	all = append(all, hal.Check(daemon.Hardware(cfg, who.Name, nil, nil))...)
	broker, err := daemon.Broker(cfg, who, version)
	all = append(all, err)
	if cfg.MQTT.URL != "" {
		all = append(all, telemetry.Check(broker)...)
	}
	return faulty(p.config, all...)
}

// boundPassword says that the broker may be given a token which is bound to a key (RFC 9449 section 6):
// MQTT has no place for the proof of possession that goes with it.
func boundPassword(cfg config.Config) string {
	m := cfg.MQTT
	given := append(slices.Collect(maps.Values(m.Headers)), m.Username, m.Password)
	handed := m.Preset != "" || slices.ContainsFunc(given, func(s string) bool { return strings.Contains(s, "{access_token}") })
	if cfg.Auth.DPoP == "off" || m.URL == "" || !handed {
		return ""
	}
	return fmt.Sprintf("auth.dpop = %q: a token bound to this device goes to the broker as a bearer token, and a broker that checks the binding will refuse it", cfg.Auth.DPoP)
}
