package daemon

import (
	"bytes"
	"context"
	"time"

	sd "github.com/coreos/go-systemd/v22/daemon"

	"github.com/paird/paird/agent"
	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/hooks"
	"github.com/paird/paird/agent/telemetry"
	"github.com/paird/paird/display"
)

// makeAgent makes the agent of all the parts.
func (d *device) makeAgent(ctx context.Context) error {
	o, err := d.agentOptions(ctx)
	if err != nil {
		return err
	}
	d.agent = agent.New(o)
	if d.board.Fault != nil {
		d.agent.PanelTrouble(d.board.Fault)
	}
	if d.board.PinFault != nil {
		d.agent.PinTrouble(d.board.PinFault)
	}
	return nil
}

// agentOptions are those of the configuration, and the parts of this device.
func (d *device) agentOptions(ctx context.Context) (agent.Options, error) {
	hook := hooksOptions(d.cfg)
	hook.Log = d.o.Log
	d.hooks = hooks.New(hook)
	auth, err := d.authorization()
	if err != nil {
		return agent.Options{}, err
	}
	client, err := deviceauth.New(auth)
	if err != nil {
		return agent.Options{}, err
	}
	o := agentOptions(d.cfg, d.who)
	o.Version, o.Log, o.Panel = d.o.Version, d.o.Log, d.panelStatus()
	o.Auth, o.Store, o.Queue, o.Clock = client, d.store, d.queue, d.clock
	o.LED, o.Edges, o.Hook, o.Frame = d.board.LED, d.edges(ctx), d.hooks.Event, d.frame
	o.Settings = d.settings()
	o.Alive, o.AliveEvery = func() { notify(sd.SdNotifyWatchdog, notifyLimit) }, aliveEvery()
	o.Watch = map[string]func(context.Context) bool{}
	if d.panel != nil {
		o.Screen, o.Watch["presenter"] = d.panel, d.panel.Alive
	}
	if d.socket != nil { // the daemon: a command at a shell is no service
		o.Watch["control"] = d.answers
		o.Say = func(line string) { notify("STATUS="+line, notifyLimit) }
	}
	return o, d.addLink(&o)
}

// sampleLimit is when a sample counts as hung: each sensor has a deadline of its own, of seconds.
const sampleLimit = 2 * time.Minute

// answers reports whether the control API answers on its socket.
func (d *device) answers(ctx context.Context) bool {
	_, err := control.NewClient(d.cfg.Control.Socket).Status(ctx)
	return err == nil
}

// authorization is the client with what only a running device knows.
func (d *device) authorization() (deviceauth.Config, error) {
	c, err := Authorization(d.cfg, d.who, d.o.Version, d.store.Key, d.o.Log)
	c.ClockSet, c.OnWait, c.OnChange = d.clock.Set, d.trouble, func(p deviceauth.Pending) { d.agent.PendingChanged(p) }
	return c, err
}

// addLink gives the agent its broker, where there is one.
func (d *device) addLink(o *agent.Options) error {
	if d.cfg.MQTT.URL == "" {
		return nil
	}
	broker, err := d.brokerOptions()
	if err != nil {
		return err
	}
	if d.inbox != nil {
		o.Inbox = d.inbox
	}
	l, err := link(broker, d.queue, d.clock, func() { d.agent.Identify() }, d.o.Log)
	if err != nil {
		return err
	}
	o.Link, o.Watch["sampler"] = l, func(context.Context) bool { return l.Sampling() < sampleLimit }
	return nil
}

// brokerOptions are those of the configuration, and the parts of this device.
func (d *device) brokerOptions() (telemetry.Options, error) {
	o, err := Broker(d.cfg, d.who, d.o.Version)
	o.Panel = d.board.Driver
	if d.inbox != nil {
		o.Inbox = d.inbox
	}
	o.Emit = func(event string, fields map[string]any) { d.agent.Emit(event, fields) }
	return o, err
}

func (d *device) panelStatus() control.Panel {
	if d.panel == nil {
		return control.Panel{}
	}
	b := d.board.Panel.Bounds()
	return control.Panel{Driver: d.board.Driver, Size: sizeText(b.Dx(), b.Dy())}
}

// edges are the board's, in the agent's own type.
func (d *device) edges(ctx context.Context) <-chan agent.Edge {
	out := make(chan agent.Edge)
	d.beside.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case e := <-d.board.Edges:
				select {
				case out <- agent.Edge{Down: e.Down, At: e.At}:
				case <-ctx.Done():
					return
				}
			}
		}
	})
	return out
}

// frame is a screen as GET /v1/screen.png gives it.
func (d *device) frame(s display.Screen) ([]byte, error) {
	var b bytes.Buffer
	err := display.EncodePNG(&b, display.Render(s, d.frames))
	return b.Bytes(), err
}
