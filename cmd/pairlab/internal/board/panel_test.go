//go:build real

package board

import (
	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/pairlab/internal/board/wire"
)

// A panel is one of those that the story is run for.
type panel struct {
	name   string // of the register model, with its bus
	config string // sections of the configuration: panel, LED and hook
	button int    // the line of its button
	paper  bool   // e-paper, with a BUSY
	mute   bool   // it cannot be asked whether it is there
}

func panels() map[string]panel {
	all := map[string]panel{}
	for _, p := range []panel{
		{name: "ssd1306-i2c", button: 17, config: `[display]
board = "ssd1306-i2c"
`},
		{name: "ssd1306-spi", button: 17, mute: true, config: `[display]
panel = "ssd1306"
bus = "SPI0.0"
pins = { dc = "GPIO24" }
`},
		{name: "sh1106-i2c", button: 17, config: `[display]
board = "sh1106-i2c"
`},
		{name: "waveshare-2in13-v4", button: 21, paper: true, config: `[display]
board = "waveshare-2in13-v4"
`},
		{name: "inky-phat", button: 5, paper: true, config: `[display]
board = "inky-phat"
`},
		{name: "none", button: 17, config: `[led]
pin = "GPIO27"
[hooks]
on_event = ["/init", "note"]
`},
	} {
		all[p.name] = p
	}
	return all
}

// led is the line of the LED on a board without a panel.
const led = 27

func panelWell(st control.Status) bool { return st.Panel != nil && st.Panel.OK }
func panelIll(st control.Status) bool  { return st.Panel != nil && !st.Panel.OK }

// unplug takes the panel away while it shows a code, and brings it back without its memory.
func (s *scene) unplug() error {
	return first(func() error { return s.begin(holdToPair) }, s.showsCode,
		func() error { return s.fail(wire.Fault{Unplugged: true}) },
		s.missesPanel,
		func() error { return s.fail(wire.Fault{}) },
		func() error { return s.await("the panel is back", panelWell) },
		s.showsCode)
}

// missesPanel waits until the status says that the panel does not answer. Paper is only looked at when it is to show something;
// an OLED on SPI cannot be asked.
func (s *scene) missesPanel() error {
	switch {
	case s.panel.mute:
		return nil
	case s.panel.paper:
		if err := first(s.yes, func() error { return s.begin(holdToPair) }); err != nil {
			return err
		}
	}
	return s.await("the panel's problem", panelIll)
}

// midFrame lets a transaction fail after some of its bytes; the code is on the panel, before and after.
func (s *scene) midFrame() error {
	return first(func() error { return s.fail(wire.Fault{FailIn: 2, After: 7}) }, s.yes,
		func() error { return s.await("the panel is well", panelWell) },
		func() error { return s.begin(holdToPair) }, s.showsCode, s.yes)
}

// stuckBusy: a panel that is always busy is reported, and shows the picture once it is not.
func (s *scene) stuckBusy() error {
	return first(func() error { return s.fail(wire.Fault{Stuck: true}) }, func() error { return s.begin(holdToPair) },
		func() error { return s.await("the panel's problem", panelIll) },
		func() error { return s.fail(wire.Fault{}) },
		func() error { return s.await("the panel is well", panelWell) },
		s.showsCode, s.yes)
}
