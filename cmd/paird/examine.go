package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/paird/paird/agent/clock"
	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/daemon"
	"github.com/paird/paird/config"
)

// checkup is what the checks look at.
type checkup struct {
	*program
	cfg    config.Config
	who    daemon.Device
	status *control.Status // nil without a daemon that answers
	absent bool            // no daemon runs: the checks may open the hardware and the store
}

// examine runs the checks, in the order in which one depends on another, and at last those that need a person.
func (p *program) examine(ctx context.Context, interactive bool) []finding {
	cfg, err := p.checked()
	if errors.Is(err, fs.ErrPermission) {
		return []finding{{"config", failed, oneLine(err)}} // nothing else can be looked at
	}
	found := []finding{verdict("config", cmp.Or(err, cfg.Exposed()), p.config+" is good")}
	if err != nil {
		return found
	}
	if lonely := daemon.Unpairable(cfg); lonely != nil && found[0].Result == good {
		found[0] = finding{"config", doubt, oneLine(lonely)}
	}
	x := &checkup{program: p, cfg: cfg, who: daemon.Identify(cfg)}
	found = x.unattended(ctx, found)
	if interactive {
		return x.interactive(ctx, found)
	}
	return found
}

// unattended adds the checks that need no person.
func (x *checkup) unattended(ctx context.Context, found []finding) []finding {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cfg := x.cfg
	found = append(found, clockFinding(), x.daemon(ctx), x.secrets())
	meta, server := x.server(ctx)
	found = append(found, server, x.panel(ctx), x.pins(ctx))
	if cfg.Display.Panel != "none" {
		found = append(found, x.fit(meta))
	}
	if len(cfg.Telemetry.Sensors) > 0 {
		found = append(found, x.sensors(ctx))
	}
	if cfg.MQTT.URL != "" {
		found = append(found, x.broker(ctx))
	}
	if cfg.Auth.DPoP != "off" {
		found = append(found, x.dpop(meta))
	}
	return found
}

func verdict(check string, err error, text string) finding {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return finding{check, skipped, "this user may not look, run it as root: " + oneLine(err)}
	case err != nil:
		return finding{check, failed, oneLine(err)}
	}
	return finding{check, good, text}
}

func clockFinding() finding {
	c := clock.New(clock.Options{Floor: buildTime()})
	now := time.Now().UTC().Format(time.RFC3339)
	switch {
	case c.Synchronised():
		return finding{"clock", good, "synchronised: " + now}
	case c.Set():
		return finding{"clock", doubt, "not synchronised since boot, but later than this program's build: " + now}
	}
	return finding{"clock", failed, "the time is not set: " + now + "; TLS cannot be checked, see that NTP gets through"}
}

// daemon asks the daemon, if there is one. It is no fault that there is none: doctor may run before the first start.
func (x *checkup) daemon(ctx context.Context) finding {
	s, err := control.NewClient(x.cfg.Control.Socket).Status(ctx)
	if errors.Is(err, control.ErrNotRunning) {
		x.absent = true
		return finding{"daemon", skipped, oneLine(err)}
	}
	if err != nil {
		return verdict("daemon", err, "")
	}
	x.status = &s
	if s.Problem != nil {
		return finding{"daemon", failed, fmt.Sprintf("%s, problem %s: %s; %s", s.State, s.Problem.Code, s.Problem.Detail, remedy(*s.Problem))}
	}
	return finding{"daemon", good, string(s.State)}
}
