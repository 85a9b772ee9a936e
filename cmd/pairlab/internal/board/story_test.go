//go:build real

package board

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/pairlab/internal/board/wire"
	"github.com/paird/paird/cmd/pairlab/internal/broker"
	"github.com/paird/paird/display"
)

type message = broker.Message

// A step of the story. The first that fails ends it.
type step struct {
	name string
	do   func(*scene) error
}

// story is what happens to a board, from its first power to the day it is given away.
func story(p panel) []step {
	steps := []step{
		{"power without network or time", (*scene).firstPower},
		{"network and time", func(s *scene) error {
			return first(s.connect, s.setClock, func() error { return s.await("unpaired", e2e.Unpaired) })
		}},
		{"press, scan, approve", func(s *scene) error { return s.pair(0) }},
		{"the sensor's value arrives", func(s *scene) error {
			return s.arrived("/telemetry", 0, func(payload string) bool { return strings.Contains(payload, `temperature":25.08`) })
		}},
		{"hold to pair again", func(s *scene) error { return s.pair(holdToPair) }},
		{"the panel is unplugged and plugged in", (*scene).unplug},
		{"the bus fails in mid-frame", (*scene).midFrame},
		{"BUSY is stuck", (*scene).stuckBusy},
		{"the button is stuck", (*scene).stuckButton},
		{"the bus hangs", (*scene).hungBus},
		{"power cut in mid-refresh", (*scene).cutRefresh},
		{"power cut in mid-queue", (*scene).cutQueue},
		{"what it costs", (*scene).costs},
		{"factory reset", (*scene).giveAway},
	}
	return slices.DeleteFunc(steps, func(s step) bool {
		return !p.paper && s.name == "BUSY is stuck" || p.name == "none" && (strings.HasPrefix(s.name, "the panel") || s.name == "the bus fails in mid-frame")
	})
}

// run does the steps of a story and returns the name of the step that failed, with its error.
func (s *scene) run(steps []step) (string, error) {
	for _, step := range steps {
		began := time.Now()
		if err := step.do(s); err != nil {
			return step.name, err
		}
		s.Logf("%6.1f s  %s", time.Since(began).Seconds(), step.name)
	}
	return "", nil
}

// storyBoards are those that the whole story is run for: every panel, and the binary for ARMv6 with those that differ most.
var storyBoards = map[string][]string{
	"arm64": {"ssd1306-i2c", "ssd1306-spi", "sh1106-i2c", "waveshare-2in13-v4", "none"},
	"armv6": {"ssd1306-i2c", "waveshare-2in13-v4"},
}

func TestStory(t *testing.T) {
	t.Parallel()
	for arch, names := range storyBoards {
		for _, name := range names {
			t.Run(arch+"/"+name, func(t *testing.T) {
				t.Parallel()
				p := panels()[name]
				s := newScene(t, p, e2e.Program("paird-"+arch))
				if name, err := s.run(story(p)); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			})
		}
	}
}

// firstPower: the clock is at 1970 and there is no network.
func (s *scene) firstPower() error {
	if err := first(func() error { return s.boot(false) }, func() error { return s.await("clock", inState(control.StateClock)) }); err != nil {
		return err
	}
	if s.panel.name == "none" {
		return s.glows("now and then", 0.05, 0.3)
	}
	return s.shows("that the time is not set", s.same(display.Clock{}))
}

func inState(state control.State) func(control.Status) bool {
	return func(st control.Status) bool { return st.State == state }
}

// holdToPair is a hold between pair_hold and reset_hold.
const holdToPair = pairHold + 500*time.Millisecond

// pair pairs by a press of the button.
func (s *scene) pair(hold time.Duration) error {
	return first(func() error { return s.begin(hold) }, s.showsCode, s.yes)
}

// begin lets a code come by the button.
func (s *scene) begin(hold time.Duration) (err error) {
	return first(func() error { return s.press(max(hold, 100*time.Millisecond)) },
		func() error { return s.await("a code", e2e.Pairing) })
}

// yes approves the code.
func (s *scene) yes() error {
	p, err := s.waiting()
	if err != nil {
		return err
	}
	return first(func() error { return s.approve(p.UserCode) },
		func() error {
			return s.await("online", func(st control.Status) bool { return st.Pairing == nil && e2e.Online(st) })
		})
}

// stuckButton: a button that stays down for long erases nothing.
func (s *scene) stuckButton() error {
	return first(func() error { return s.do("Stick", true, new(bool)) },
		func() error { return s.wait(resetHold + 2*time.Second) },
		func() error { return s.await("still online", e2e.Online) },
		func() error { return s.do("Stick", false, new(bool)) },
		func() error { return s.wait(questionOpen) },
		func() error { return s.await("still online", e2e.Online) })
}

// hungBus: where a transaction never ends, the daemon stops pinging, and is started again by the service manager. Without a panel
// only the sensor is on the bus.
func (s *scene) hungBus() error {
	if s.panel.name == "none" {
		return s.hungSensor()
	}
	return first(s.pings, func() error { return s.fail(wire.Fault{Hung: true}) },
		func() error { return s.begin(holdToPair) }, s.yes,
		func() error {
			return s.eventually("the watchdog bites", func() (bool, error) {
				var p wire.Pings
				err := s.do("Pings", true, &p)
				return p.Silent > watchdog, errors.Join(err, fmt.Errorf("the last ping was %s ago", p.Silent))
			})
		},
		func() error { return s.fail(wire.Fault{}) },
		func() error { return s.do("Kill", true, new(wire.Ended)) },
		s.start, func() error { return s.await("online", e2e.Online) })
}

// hungSensor: the daemon goes on without a sensor that does not answer, and asks it again.
func (s *scene) hungSensor() error {
	has := func(value bool) func(string) bool {
		return func(payload string) bool { return strings.Contains(payload, "temperature") == value }
	}
	return first(func() error { return s.fail(wire.Fault{Hung: true}) },
		func() error { return s.arrived("/telemetry", len(s.came()), has(false)) },
		s.pings,
		func() error { return s.fail(wire.Fault{}) },
		func() error { return s.arrived("/telemetry", len(s.came()), has(true)) })
}

// pings waits for a ping while all is well: else its silence would say nothing.
func (s *scene) pings() error {
	var before, now wire.Pings
	if err := s.do("Pings", true, &before); err != nil {
		return err
	}
	return s.eventually("the watchdog is pinged", func() (bool, error) {
		err := s.do("Pings", true, &now)
		return now.Count > before.Count, errors.Join(err, fmt.Errorf("not for %s", now.Silent))
	})
}

// costs measures the idle daemon for a time.
func (s *scene) costs() error {
	const settled, measured = 15 * time.Second, 20 * time.Second
	var before, after wire.Cost
	time.Sleep(settled)
	if err := s.do("Cost", true, &before); err != nil {
		return err
	}
	time.Sleep(measured)
	if err := s.do("Cost", true, &after); err != nil {
		return err
	}
	s.Logf("resident %.1f MB, anonymous %.1f MB, %.1f voluntary context switches a second with a sample each 5 s",
		float64(after.Resident)/1024, float64(after.Anonymous)/1024, float64(after.Switches-before.Switches)/measured.Seconds())
	return nil
}
