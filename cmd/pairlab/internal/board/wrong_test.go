//go:build real

package board

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/pairlab/internal/board/wire"
)

// A mistake of who built the board, and words that status and doctor must have for it.
type mistake struct {
	name   string
	config string
	fault  wire.Fault
	user   int // whose the daemon is; 0: of root
	button int
	says   []string
}

// takenLine is held by another driver.
const takenLine = 5

func mistakes() []mistake {
	const known = "[display]\nboard = \"ssd1306-i2c\"\n"
	return []mistake{
		{name: "no I2C", config: "[display]\npanel = \"ssd1306\"\nbus = \"I2C7\"\n", says: []string{"/dev/i2c-7", "raspi-config", "dtparam=i2c_arm=on"}},
		{name: "no SPI", config: "[display]\npanel = \"ssd1306\"\nbus = \"SPI0.0\"\npins = { dc = \"GPIO24\" }\n", says: []string{"/dev/spidev0.0", "raspi-config", "dtparam=spi=on"}},
		{name: "another address", config: known + "address = 0x3D\n", says: []string{"nothing answers at address 0x3D", "check wiring and address"}},
		{name: "no panel", config: known, fault: wire.Fault{Unplugged: true}, says: []string{"nothing answers at address 0x3C"}},
		{name: "not in the group", config: known, user: 1000, says: []string{"not allowed to open /dev/i2c-1", "group i2c"}},
		{name: "a pin in use", config: known, button: takenLine, says: []string{"button: pin GPIO5", "another program or driver holds it"}},
	}
}

// The daemon goes on where the hardware is not as configured; status and doctor say what is wrong and what to do.
func TestMistakes(t *testing.T) {
	t.Parallel()
	s := newScene(t, panels()["ssd1306-i2c"], e2e.Program("paird-arm64"))
	s.wiring.Taken = []int{takenLine}
	if err := first(func() error { return s.boot(true) }, func() error { return s.await("unpaired", e2e.Unpaired) }, s.stop); err != nil {
		t.Fatal(err)
	}
	for _, m := range mistakes() {
		t.Run(m.name, func(t *testing.T) {
			if err := s.tries(m); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("required", func(t *testing.T) {
		s.panel.config = mistakes()[0].config + "required = true\n"
		err := first(s.configure, s.start)
		if err == nil || !strings.Contains(err.Error(), "the daemon ends before it is ready") {
			t.Errorf("the daemon starts without the panel that it requires: %v", err)
		}
	})
}

func (s *scene) stop() error {
	var e wire.Ended
	if err := s.do("Stop", true, &e); err != nil || e.Code == 0 {
		return err
	}
	return fmt.Errorf("the daemon ended with %d", e.Code)
}

// tries starts the daemon on a board with a mistake, until it has said what is wrong.
func (s *scene) tries(m mistake) error {
	s.panel = panel{name: "ssd1306-i2c", config: m.config, button: cmp.Or(m.button, 17)}
	return first(s.configure, func() error { return s.fail(m.fault) }, func() error { return s.startAs(m.user) },
		func() error { return s.await("the problem", m.reported) },
		func() error { return s.await("it goes on", e2e.Unpaired) },
		func() error { return s.examined(m, 1) },
		s.stop,
		func() error { return s.examined(m, 0) },
		func() error { return s.fail(wire.Fault{}) })
}

// reported reports whether the status has the words.
func (m mistake) reported(st control.Status) bool {
	return st.Problem != nil && st.Problem.Code == control.ProblemPanel && m.in(st.Problem.Detail) == nil
}

func (m mistake) in(text string) error {
	for _, word := range m.says {
		if !strings.Contains(text, word) {
			return fmt.Errorf("no %q in %s", word, text)
		}
	}
	return nil
}

// examined lets doctor look, beside the daemon or where it does not run; it ends with that code or a higher one. What its user may
// not look at is no fault that it finds.
func (s *scene) examined(m mistake, least int) error {
	var o wire.Output
	err := s.do("Run", wire.Command{Args: []string{s.program, "doctor", "--config", configFile}, User: m.user}, &o)
	if err == nil && o.Code < least {
		err = fmt.Errorf("doctor finds nothing: %s", o.Text)
	}
	return errors.Join(err, m.in(o.Text))
}

// The header's chip is found by its label: a Pi 5 has other chips before it, since Linux 6.6.45 after it.
func TestHeaders(t *testing.T) {
	t.Parallel()
	for name, chips := range map[string][]string{"Pi 5": {"gpio-brcmstb@107d508500", "gpio-brcmstb@107d508520", "gpio-brcmstb@107d517c00"}, "Pi 5 since 6.6.45": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, panels()["ssd1306-i2c"], e2e.Program("paird-arm64"))
			s.wiring.Header, s.wiring.Chips = "pinctrl-rp1", chips
			err := first(func() error { return s.boot(true) }, func() error { return s.await("unpaired", e2e.Unpaired) }, func() error { return s.pair(0) })
			if err != nil {
				t.Error(err)
			}
		})
	}
}
