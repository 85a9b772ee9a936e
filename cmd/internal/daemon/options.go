package daemon

import (
	"github.com/paird/paird/agent"
	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/hooks"
	"github.com/paird/paird/agent/inbox"
	"github.com/paird/paird/agent/queue"
	"github.com/paird/paird/config"
)

// The functions of this file and Authorization, Broker, Hardware and stored carry each key of a configuration to
// the package that obeys it. What only a running device has is added where it is made.

func queueOptions(cfg config.Config) queue.Options {
	q := cfg.Queue
	return queue.Options{
		Dir: cfg.Device.StateDir, MaxBytes: int64(q.MaxBytes), MaxAge: q.MaxAge, Sync: q.Sync, KeepFree: int64(q.KeepFree),
	}
}

func inboxOptions(cfg config.Config) inbox.Options {
	return inbox.Options{Dir: cfg.Device.StateDir, KeepFree: int64(cfg.Queue.KeepFree)}
}

// receives reports whether a program of this machine may receive messages: then the broker keeps the session.
func receives(cfg config.Config) bool {
	who := cfg.Control.Subscribe
	return cfg.MQTT.URL != "" && len(control.Missing(who)) < len(who)
}

func controlOptions(cfg config.Config) control.HandlerOptions {
	c := cfg.Control
	o := control.HandlerOptions{Status: c.Status, Publish: c.Publish, Token: c.Token, Pair: c.Pair, Reset: c.Reset}
	if receives(cfg) {
		o.Subscribe = c.Subscribe
	}
	return o
}

func hooksOptions(cfg config.Config) hooks.Options { return hooks.Options{Command: cfg.Hooks.OnEvent} }

func agentOptions(cfg config.Config, who Device) agent.Options {
	return agent.Options{
		DeviceID: who.ID, DeviceName: who.Name, Bound: bound(cfg), BrokerURL: cfg.MQTT.URL,
		StartAuto: cfg.Auth.Start == "auto", Revoke: cfg.Auth.Revoke, Audiences: audiences(cfg),
		PairHold: cfg.Button.PairHold, ResetHold: cfg.Button.ResetHold, Spread: cfg.MQTT.Spread,
	}
}
