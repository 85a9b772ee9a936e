//go:build real

package board

import (
	"bytes"
	"fmt"
	"image"
	"os"
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
func story() []step {
	return []step{
		{"power without network or time", func(s *scene) error {
			return first(func() error { return s.boot(false) }, func() error { return s.await("clock", inState(control.StateClock)) },
				func() error { return s.shows("something", lit) })
		}},
		{"network and time", func(s *scene) error {
			return first(s.connect, s.setClock, func() error { return s.await("unpaired", e2e.Unpaired) })
		}},
		{"press, scan, approve", func(s *scene) error { return s.pair(0) }},
		{"the sensor's value arrives", func(s *scene) error {
			return s.arrived("/telemetry", 0, func(payload string) bool { return strings.Contains(payload, `temperature":25.08`) })
		}},
		{"hold to pair again", func(s *scene) error { return s.pair(pairHold + 500*time.Millisecond) }},
		{"the panel is unplugged and plugged in", (*scene).unplug},
		{"the bus fails in mid-frame", (*scene).midFrame},
		{"the button is stuck", (*scene).stuckButton},
		{"the bus hangs", (*scene).hungBus},
		{"power cut in mid-refresh", (*scene).cutRefresh},
		{"power cut in mid-queue", (*scene).cutQueue},
		{"what it costs", (*scene).costs},
		{"factory reset", (*scene).giveAway},
	}
}

// tell tells the story and returns the name of the step that failed, with its error.
func (s *scene) tell(steps []step) (string, error) {
	for _, step := range steps {
		began := time.Now()
		if err := step.do(s); err != nil {
			return step.name, err
		}
		s.Logf("%6.1f s  %s", time.Since(began).Seconds(), step.name)
	}
	return "", nil
}

var ssd1306 = panel{"ssd1306-i2c", "ssd1306-i2c", 17}

// The whole story, for the binaries of both kinds of boards.
func TestStory(t *testing.T) {
	for _, arch := range []string{"arm64", "armv6"} {
		t.Run(arch, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, ssd1306, e2e.Program("paird-"+arch))
			if name, err := s.tell(story()); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		})
	}
}

func inState(state control.State) func(control.Status) bool {
	return func(st control.Status) bool { return st.State == state }
}

// lit reports whether a pixel is.
func lit(m *image.Gray) bool { return slices.Contains(m.Pix, 255) }

// pair pairs by a press of the button.
func (s *scene) pair(hold time.Duration) error {
	return first(func() error { return s.begin(hold) }, s.showsCode, s.yes)
}

// begin lets a code come.
func (s *scene) begin(hold time.Duration) error {
	return first(func() error { return s.press(max(hold, 100*time.Millisecond)) }, func() error { return s.await("a code", e2e.Pairing) })
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

func panelWell(st control.Status) bool { return st.Panel != nil && st.Panel.OK }
func panelIll(st control.Status) bool  { return st.Panel != nil && !st.Panel.OK }

// unplug takes the panel away while it shows a code, and brings it back without its memory.
func (s *scene) unplug() error {
	return first(func() error { return s.begin(pairHold + 500*time.Millisecond) }, s.showsCode,
		func() error { return s.fail(wire.Fault{Unplugged: true}) },
		func() error { return s.await("the panel's problem", panelIll) },
		func() error { return s.fail(wire.Fault{}) },
		func() error { return s.await("the panel is back", panelWell) },
		s.showsCode)
}

// midFrame lets a transaction fail after some of its bytes; the code is on the panel, before and after.
func (s *scene) midFrame() error {
	return first(func() error { return s.fail(wire.Fault{FailIn: 2, After: 7}) }, s.yes,
		func() error { return s.await("the panel is well", panelWell) },
		func() error { return s.begin(pairHold + 500*time.Millisecond) }, s.showsCode, s.yes)
}

// stuckButton: a button that stays down for long erases nothing.
func (s *scene) stuckButton() error {
	return first(func() error { return s.do("Stick", true, new(bool)) },
		func() error { time.Sleep(resetHold + 2*time.Second); return nil },
		func() error { return s.await("still online", e2e.Online) },
		func() error { return s.do("Stick", false, new(bool)) },
		func() error { time.Sleep(11 * time.Second); return nil }, // the question is over
		func() error { return s.await("still online", e2e.Online) })
}

// hungBus: where a transaction never ends, the daemon stops pinging, and is started again by the service manager.
func (s *scene) hungBus() error {
	return first(s.pings, func() error { return s.fail(wire.Fault{Hung: true}) },
		func() error { return s.press(100 * time.Millisecond) },
		func() error {
			return s.eventually("the watchdog bites", func() (bool, error) {
				var silent time.Duration
				err := s.do("Silent", true, &silent)
				return silent > watchdog, err
			})
		},
		func() error { return s.fail(wire.Fault{}) },
		func() error { return s.do("Kill", true, new(wire.Ended)) },
		s.start, func() error { return s.await("online", e2e.Online) })
}

// pings checks that the watchdog is pinged while all is well: else its silence would say nothing.
func (s *scene) pings() error {
	var silent time.Duration
	if err := s.do("Silent", true, &silent); err != nil || silent < watchdog/2 {
		return err
	}
	return fmt.Errorf("the watchdog was not pinged for %s", silent)
}

// cutRefresh takes the power away when the server has rotated the refresh token and its answer is on the way.
func (s *scene) cutRefresh() error {
	cut := make(chan struct{})
	s.onRefresh(func() {
		s.onRefresh(nil)
		s.cut()
		close(cut)
	})
	if err := s.do("Refresh", true, new(bool)); err == nil {
		return fmt.Errorf("the refresh was answered")
	}
	<-cut
	return first(func() error { return s.boot(true) }, func() error { return s.await("online", e2e.Online) })
}

// cutQueue takes the power away while messages are queued. Those that were accepted arrive.
func (s *scene) cutQueue() error {
	s.outage(true)
	accepted, err := s.publishUntilCut(2 * time.Second)
	if err != nil {
		return err
	}
	if len(accepted) < 3 {
		return fmt.Errorf("only %d messages were accepted", len(accepted))
	}
	s.outage(false)
	return first(func() error { return s.boot(true) }, func() error { return s.await("online", e2e.Online) },
		func() error { return s.haveArrived(accepted) })
}

// publishUntilCut publishes one message after the other and cuts the power after that time.
// It returns the payloads that were accepted.
func (s *scene) publishUntilCut(after time.Duration) (accepted []string, err error) {
	cut := time.Now().Add(after)
	timer := time.AfterFunc(after, func() { s.qemu.Kill() })
	defer timer.Stop()
	for i := 0; ; i++ {
		payload := fmt.Sprintf("message %d of life %d", i, s.boots)
		err := s.do("Publish", wire.Message{Topic: "kept", Payload: []byte(payload)}, new(bool))
		switch {
		case err == nil:
			accepted = append(accepted, payload)
		case time.Now().Before(cut):
			return nil, err
		default:
			s.cut()
			return accepted, nil
		}
	}
}

// haveArrived waits for messages.
func (s *scene) haveArrived(payloads []string) error {
	return s.eventually("what was accepted arrives", func() (bool, error) {
		there := map[string]bool{}
		for _, m := range s.came() {
			there[string(m.Payload)] = true
		}
		missing := slices.DeleteFunc(slices.Clone(payloads), func(p string) bool { return there[p] })
		return len(missing) == 0, fmt.Errorf("%d of %d are missing, such as %.1q", len(missing), len(payloads), missing)
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

// giveAway is a factory reset by the button; afterwards the raw disk has nothing of the grant.
func (s *scene) giveAway() error {
	var key []byte
	if err := s.do("Get", stateDir+"/key", &key); err != nil {
		return err
	}
	return first(func() error { return s.press(resetHold + time.Second) },
		func() error { time.Sleep(time.Second); return s.press(100 * time.Millisecond) },
		func() error { return s.await("unpaired", e2e.Unpaired) },
		func() error { return s.shows("that it is safe to give away", same(display.Wiped{})) },
		func() error { s.cut(); return s.nothingLeft(key) })
}

// same compares with the picture of a screen.
func same(screen display.Screen) func(*image.Gray) bool {
	return func(m *image.Gray) bool {
		want := display.Render(screen, display.Geometry{Width: m.Rect.Dx(), Height: m.Rect.Dy(), Name: "Kitchen printer", Language: "en"})
		for i := range m.Pix {
			r, _, _, _ := want.At(i%m.Stride, i/m.Stride).RGBA()
			if (r > 0x7fff) != (m.Pix[i] > 0x7f) {
				return false
			}
		}
		return true
	}
}

// nothingLeft searches the whole disk for the key that sealed the grant and for all that the provider gave away.
func (s *scene) nothingLeft(key []byte) error {
	disk, err := os.ReadFile(s.disk)
	if err != nil {
		return err
	}
	for _, secret := range append(s.given(), string(key)) {
		if at := bytes.Index(disk, []byte(secret)); at >= 0 {
			return fmt.Errorf("the disk still has a secret of %d bytes at %d", len(secret), at)
		}
	}
	return nil
}
