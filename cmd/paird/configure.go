package main

import (
	"context"
	"errors"
	"fmt"

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
	cfg, err := p.load()
	if err != nil {
		return err
	}
	switch rest[0] {
	case "print":
		return cfg.Print(p.stdout)
	case "check":
		if err := check(cfg); err != nil {
			return &exit{exitUsage, err}
		}
		_, err := fmt.Fprintln(p.stdout, p.config+": good")
		return err
	}
	return usage("config takes check or print, not %q", rest[0])
}

// check is everything about a configuration that can be known without a network or hardware.
func check(cfg config.Config) error {
	all := []error{cfg.Check()}
	who := daemon.Identify(cfg)
	all = append(all, hal.Check(daemon.Hardware(cfg, who.Name, nil, nil))...)
	broker, err := daemon.Broker(cfg, who, version)
	all = append(all, err)
	if cfg.MQTT.URL != "" {
		all = append(all, telemetry.Check(broker)...)
	}
	return errors.Join(all...)
}
