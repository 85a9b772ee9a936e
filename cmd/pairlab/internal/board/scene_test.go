//go:build real

package board

import (
	"errors"
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
)

// A panel is one of those that the story is told for.
type panel struct {
	name   string // of the register model
	preset string // display.board
	button int    // the line of its button
}

// scene is a board at the lab.
type scene struct {
	*machine
	*lab
	panel   panel
	program string // the daemon, by its path in the board
}

// These are the same for every board. The holds are shorter than usual, to save time.
const (
	configFile = "/etc/paird/paird.toml"
	stateDir   = "/var/lib/paird/state"
	pairHold   = time.Second
	resetHold  = 3 * time.Second
	watchdog   = 20 * time.Second
)

func newScene(t testing.TB, p panel, daemon string) *scene {
	t.Helper()
	const program = "usr/bin/paird"
	m := newMachine(t, map[string]string{"init": e2e.Program("guest"), program: daemon})
	return &scene{machine: m, lab: newLab(t), panel: p, program: "/" + program}
}

// config is the board's paird.toml.
func (s *scene) config() string {
	return fmt.Sprintf(`[device]
id = %q
name = "Kitchen printer"
state_dir = %q
[auth]
issuer = %q
client_id = "printer"
scopes = ["%s"]
ca_file = "/etc/paird/ca.pem"
params = { device_id = "{device_id}" }
[display]
board = %q
[button]
pin = "GPIO%d"
pair_hold = %q
reset_hold = %q
[mqtt]
url = %q
ca_file = "/etc/paird/ca.pem"
spread = "0s"
[telemetry]
interval = "5s"
[[telemetry.sensor]]
driver = "bme280"
bus = "I2C1"
[queue]
sync = "always"
`, e2e.DeviceID, stateDir, s.issuer, strings.Join(scopes, `", "`), s.panel.preset, s.panel.button, pairHold, resetHold, s.mqtt)
}

// boot gives the board power, up to the start of the daemon, which it does not await.
func (s *scene) boot(network bool) error {
	ca, err := os.ReadFile(s.ca.File)
	if err != nil {
		return err
	}
	return first(
		func() error { return s.on() },
		func() error { return s.do("Wire", wire.Wiring{Panel: s.panel.name, Button: s.panel.button}, new(bool)) },
		func() error {
			return s.do("Put", wire.File{Path: "/etc/paird/ca.pem", Data: ca, Mode: 0o644}, new(bool))
		},
		func() error {
			return s.do("Put", wire.File{Path: configFile, Data: []byte(s.config()), Mode: 0o644}, new(bool))
		},
		func() error {
			if !network {
				return nil
			}
			return first(s.connect, s.setClock)
		},
		s.start,
	)
}

func (s *scene) start() error {
	return s.do("Start", wire.Start{Program: s.program, Config: configFile, Watchdog: watchdog}, new(bool))
}

func (s *scene) connect() error  { return s.do("Link", true, new(bool)) }
func (s *scene) setClock() error { return s.do("Clock", s.time, new(bool)) }

// first runs steps until one fails.
func first(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (s *scene) press(hold time.Duration) error { return s.do("Press", hold, new(bool)) }
func (s *scene) fail(f wire.Fault) error        { return s.do("Break", f, new(bool)) }

func (s *scene) status() (st control.Status, err error) { return st, s.do("Status", true, &st) }

// await asks for the status until it is as wanted.
func (s *scene) await(what string, want func(control.Status) bool) error {
	return s.eventually(what, func() (bool, error) {
		st, err := s.status()
		return err == nil && want(st), errors.Join(err, fmt.Errorf("the status is %+v", st))
	})
}

// eventually asks until the answer is yes; why says what keeps it from being so.
func (s *scene) eventually(what string, ask func() (yes bool, why error)) error {
	for limit := time.Now().Add(2 * e2e.Patience); ; time.Sleep(50 * time.Millisecond) {
		yes, why := ask()
		switch {
		case yes:
			return nil
		case errors.Is(why, errLost):
			return why
		case time.Now().After(limit):
			return fmt.Errorf("not within %s: %s: %w", 2*e2e.Patience, what, why)
		}
	}
}

// look is the picture that a person sees on the panel.
func (s *scene) look() (*image.Gray, error) {
	var p wire.Picture
	err := s.do("Look", true, &p)
	return &image.Gray{Pix: p.Pix, Stride: p.Width, Rect: image.Rect(0, 0, p.Width, p.Height)}, err
}

// shows waits for a picture.
func (s *scene) shows(what string, want func(*image.Gray) bool) error {
	return s.eventually("the panel shows "+what, func() (bool, error) {
		m, err := s.look()
		if err != nil {
			return false, err
		}
		return want(m), fmt.Errorf("it shows\n%s", drawing(m))
	})
}

// showsCode waits until zbarimg reads the waiting code's address in the controller's memory.
func (s *scene) showsCode() error {
	want, err := s.waiting()
	if err != nil {
		return err
	}
	return s.shows("the QR code of "+want.VerificationURIComplete, func(m *image.Gray) bool {
		return strings.EqualFold(readQR(s, m), want.VerificationURIComplete)
	})
}

// zoom is how many pixels of a camera one pixel of the panel has.
const zoom = 6

// readQR lets Debian's zbarimg look at the panel; "" where it sees no code.
func readQR(t testing.TB, m *image.Gray) string {
	var pgm strings.Builder // netpbm's pgm(5)
	fmt.Fprintf(&pgm, "P5 %d %d 255\n", m.Rect.Dx()*zoom, m.Rect.Dy()*zoom)
	for y := range m.Rect.Dy() * zoom {
		for x := range m.Rect.Dx() * zoom {
			pgm.WriteByte(m.Pix[y/zoom*m.Stride+x/zoom])
		}
	}
	out, code := e2e.Run(t, "zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", e2e.Write(t, "panel.pgm", pgm.String()))
	if code != 0 {
		return ""
	}
	return strings.TrimSuffix(out, "\n")
}

// drawing is the picture as half blocks, for a report.
func drawing(m *image.Gray) string {
	var b strings.Builder
	for y := 0; y+1 < m.Rect.Dy(); y += 2 {
		for x := range m.Rect.Dx() {
			upper, lower := m.Pix[y*m.Stride+x] > 0, m.Pix[(y+1)*m.Stride+x] > 0
			b.WriteString(map[[2]bool]string{{false, false}: " ", {true, false}: "▀", {false, true}: "▄", {true, true}: "█"}[[2]bool{upper, lower}])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// arrived waits until the broker has a message with that topic, after the first n ones, that want accepts.
func (s *scene) arrived(topic string, n int, want func(payload string) bool) error {
	return s.eventually("a message "+topic, func() (bool, error) {
		all := s.came()[n:]
		yes := slices.ContainsFunc(all, func(m message) bool {
			return m.Topic == "paird/"+e2e.DeviceID+topic && want(string(m.Payload))
		})
		if yes {
			return true, nil
		}
		return false, errors.Join(s.do("Time", true, new(time.Time)), fmt.Errorf("%d messages came", len(all)))
	})
}
