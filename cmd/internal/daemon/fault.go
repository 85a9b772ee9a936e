package daemon

import (
	"context"

	"github.com/paird/paird/config"
	"github.com/paird/paird/display"
	"github.com/paird/paird/hal"
)

// ShowFault says on the panel of cfg that the configuration is wrong, and where, and leaves that picture there. cfg is what could
// be read; where its [display] is wrong too, nothing is shown. The simulator is none that would stay.
func ShowFault(ctx context.Context, cfg config.Config, line int, o Options) {
	if cfg = WithBoard(cfg); cfg.Display.Panel == "sim" {
		return
	}
	who := Identify(cfg)
	hw := Hardware(cfg, who.Name, o.Terminal, o.Log)
	hw.ButtonPin, hw.LEDPin, hw.More = "", "", o.Panels
	b, err := hal.Open(ctx, hw)
	if err != nil || b.Panel == nil {
		return
	}
	defer context.AfterFunc(ctx, b.Interrupt)()
	g := Geometry(cfg, b)
	g.Name = who.Name
	m := display.Render(display.Settings{State: display.Wrong, Line: line}, g)
	if err := b.Panel.Draw(m.Bounds(), m, m.Bounds().Min); err != nil {
		o.Log.Warn("panel", "err", err)
	}
	if err := b.Close(); err != nil {
		o.Log.Warn("panel", "err", err)
	}
}
