//go:build real

package board

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/pairlab/internal/board/wire"
)

// scene is a board at the lab.
type scene struct {
	*machine
	*lab
	panel   panel
	wiring  wire.Wiring
	program string // the daemon, by its path in the board
}

// These are the same for every board. The holds are shorter than usual, to save time.
const (
	configFile = "/etc/paird/paird.toml"
	stateDir   = "/var/lib/paird/state"
	pairHold   = time.Second
	resetHold  = 3 * time.Second
	watchdog   = 8 * time.Second
)

// newScene is a board with a daemon, and with other programs of the build below /usr/bin.
func newScene(t testing.TB, p panel, daemon string, others ...string) *scene {
	t.Helper()
	const program = "usr/bin/paird"
	programs := map[string]string{"init": e2e.Program("guest"), program: daemon}
	for _, name := range others {
		programs["usr/bin/"+name] = e2e.Program(name)
	}
	m := newMachine(t, programs)
	return &scene{machine: m, lab: newLab(t), panel: p, wiring: wire.Wiring{Panel: p.name, Button: p.button}, program: "/" + program}
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
%s`, e2e.DeviceID, stateDir, s.issuer, strings.Join(scopes, `", "`), s.panel.button, pairHold, resetHold, s.mqtt, s.panel.config)
}

// boot gives the board power, up to the start of the daemon, which it does not await.
func (s *scene) boot(network bool) error {
	ca, err := os.ReadFile(s.ca.File)
	if err != nil {
		return err
	}
	return first(
		func() error { return s.on() },
		func() error { return s.do("Wire", s.wiring, new(bool)) },
		func() error {
			return s.do("Put", wire.File{Path: "/etc/paird/ca.pem", Data: ca, Mode: 0o644}, new(bool))
		},
		s.configure,
		func() error {
			if !network {
				return nil
			}
			return first(s.connect, s.setClock)
		},
		s.start,
	)
}

func (s *scene) configure() error {
	return s.do("Put", wire.File{Path: configFile, Data: []byte(s.config()), Mode: 0o644}, new(bool))
}

func (s *scene) start() error { return s.startAs(0) }

func (s *scene) startAs(user int) error {
	return s.do("Start", wire.Start{Program: s.program, Config: configFile, Watchdog: watchdog, User: user}, new(bool))
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

// wait lets a part of the board's time pass.
func (s *scene) wait(d time.Duration) error { return s.do("Wait", d, new(bool)) }

func (s *scene) press(hold time.Duration) error { return s.do("Press", hold, new(bool)) }
func (s *scene) fail(f wire.Fault) error        { return s.do("Break", f, new(bool)) }

func (s *scene) status() (st control.Status, err error) { return st, s.do("Status", true, &st) }

// await asks for the status until it is as wanted.
func (s *scene) await(what string, want func(control.Status) bool) error {
	return s.eventually(what, s.is(want))
}

// is asks whether the status is as wanted.
func (s *scene) is(want func(control.Status) bool) func() (bool, error) {
	return func() (bool, error) {
		st, err := s.status()
		return err == nil && want(st), errors.Join(err, fmt.Errorf("the status is %+v", st))
	}
}

// eventually asks until the answer is yes; why says what keeps it from being so.
func (s *scene) eventually(what string, ask func() (yes bool, why error)) error {
	return s.within(2*e2e.WaitLimit, what, ask)
}

func (s *scene) within(limit time.Duration, what string, ask func() (yes bool, why error)) error {
	for end := time.Now().Add(limit); ; {
		began := time.Now()
		yes, why := ask()
		switch {
		case yes:
			return nil
		case errors.Is(why, errLost):
			return why
		case time.Now().After(end):
			return fmt.Errorf("not within %s: %s: %w", limit, what, why)
		}
		time.Sleep(max(50*time.Millisecond, 3*time.Since(began))) // a slow board has other work as well
	}
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
