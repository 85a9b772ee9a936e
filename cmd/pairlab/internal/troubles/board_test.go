package troubles

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"periph.io/x/conn/v3/display"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/daemon"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/config"
	"github.com/paird/paird/hal"
	"github.com/paird/paird/hal/bustest"
)

// boardTroubles are those of panel, button and sensors.
func boardTroubles() []trouble {
	const code = control.ProblemPanel
	return []trouble{
		{"the panel is not connected, or its bus is off", none, code, "no device /dev/i2c-99; enable I2C", "`panel`", "1, 1", "turn on I2C or SPI with raspi-config, restart the board, and check display.bus", withPanel("panel = \"ssd1306\"\nbus = \"I2C99\"")},
		{"the daemon's user may not open the bus", none, code, "not allowed to open /dev/i2c-1; add the user to the group i2c", "`panel`", "1, 1", "run `sudo usermod -aG GROUP paird` with the group that is named, and restart paird", closedBus},
		{"e-paper without power (`pins.power` is missing)", none, code, "BUSY never changed", "`panel`", "1, 1", "set display.board, or display.pins.power of a HAT that switches its power; check the ribbon and pins.busy", unpowered},
		{"the button's pin cannot be used", none, code, "button: pin GPIO199", "`pins`", "1, 1", "check button.pin and led.pin, and that nothing else uses them", withPanel("panel = \"none\"\n[button]\npin = \"GPIO199\"")},
		{"the button is stuck, or `button.active_low` is wrong", none, code, "button: it is held down", "`pins`", "1, 1", "let the button go; where it was not pressed, set button.active_low the other way", stuck},
		{"a sensor does not answer (`doctor` looks at it while paird is stopped)", none, "", "unpaired", "`sensors`", "4, 1", "enable I2C (raspi-config, or dtparam=i2c_arm=on in config.txt and the module i2c-dev)", noSensor},
	}
}

// withPanel is a device with that [display].
func withPanel(display string) func(*testing.T) *device {
	return func(t *testing.T) *device {
		return newDevice(t, newLab(t, time.Hour).URL, "", "[display]\n"+display+"\n").started()
	}
}

// closedBus is a device that runs as a user who is not in the group of its bus. It sees a /dev of its own.
func closedBus(t *testing.T) *device {
	e2e.NeedsRoot(t, "a bus is made that another user may not open")
	d := newDevice(t, newLab(t, time.Hour).URL, "", "[display]\npanel = \"ssd1306\"\nbus = \"I2C1\"\n")
	d.RunAs(e2e.Daemon)
	d.command = append(slices.Clone(d.Wrap), e2e.Program("paird"))
	d.Wrap = append([]string{"unshare", "--mount", "sh", "-c",
		`mount -t tmpfs tmpfs /dev && mknod -m 666 /dev/null c 1 3 && mknod -m 600 /dev/i2c-1 c 89 1 && exec "$@"`, "sh"}, d.Wrap...)
	return d.started()
}

// stuck is a device whose button is pressed and not let go.
func stuck(t *testing.T) *device {
	address := fmt.Sprintf("127.0.0.1:%d", e2e.FreePort(t))
	d := newDevice(t, newLab(t, time.Hour).URL, "", fmt.Sprintf("[button]\npair_hold = \"1s\"\nreset_hold = \"2s\"\n[display]\npanel = \"sim\"\n[sim]\nlisten = %q\nopen = true\n", address)).started()
	answer := e2e.Must(http.Post("http://"+address+"/down", "", nil))(t)
	answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		t.Fatal(answer.Status)
	}
	return d
}

func noSensor(t *testing.T) *device {
	d := newDevice(t, newLab(t, time.Hour).URL, "", "[[telemetry.sensor]]\ndriver = \"bme280\"\nbus = \"I2C99\"\n").started()
	d.stopped = true
	return d
}

// unpowered is a device whose e-paper has a power switch that nothing turns on. The daemon is the real one, in this process:
// its panel is driven by hal's own driver on a model of the module.
func unpowered(t *testing.T) *device {
	d := newDevice(t, newLab(t, time.Hour).URL, "", "[display]\npanel = \"none\"\n")
	cfg := e2e.Must(config.Load(d.Config))(t)
	cfg.Display.Panel = "model"
	ctx, stop := context.WithCancel(t.Context())
	ended, ready := make(chan error, 1), make(chan struct{})
	go func() {
		ended <- daemon.Run(ctx, cfg, daemon.Options{
			Version: "e2e", Built: time.Now().Add(-time.Hour), Panels: []hal.PanelInfo{modelled()},
			Log: slog.New(slog.DiscardHandler), Ready: func() { close(ready) },
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	<-ready
	text := string(e2e.Must(os.ReadFile(d.Config))(t))
	wired := "panel = \"waveshare2in13v4\"\nbus = \"SPI0.0\"\npins = { dc = \"GPIO25\", reset = \"GPIO17\", busy = \"GPIO24\" }\n"
	if err := os.WriteFile(d.Config, []byte(strings.Replace(text, "panel = \"none\"\n", wired, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	d.inside = true
	return d
}

// modelled is the panel of that daemon.
func modelled() hal.PanelInfo {
	size := image.Pt(250, 122)
	wire := func(x, y int) (int, int) { return y, 249 - x }
	m := model{bustest.NewEPaper(bustest.Sheet{Chip: bustest.SSD1680, Size: size, Wire: wire, Switch: true}, true)}
	return hal.PanelInfo{Name: "model", Sizes: []image.Point{size}, Paper: true, Open: func(*hal.Wiring) (display.Drawer, error) {
		b, err := hal.Open(context.Background(), hal.Options{Panel: "waveshare2in13v4", Bus: "SPI0.0", Hardware: m,
			Pins: map[string]string{"dc": "DC", "reset": "RST", "busy": "BUSY"}})
		if err != nil {
			return nil, err
		}
		return opened{b.Panel}, b.Fault
	}}
}

// opened is a panel of hal as a panel of the product's own.
type opened struct{ hal.Panel }

func (opened) String() string          { return "model" }
func (opened) ColorModel() color.Model { return color.GrayModel }

// model is hardware with nothing but the module.
type model struct{ paper *bustest.EPaper }

func (model) I2C(string) (i2c.BusCloser, error)    { return nil, os.ErrNotExist }
func (m model) SPI(string) (spi.PortCloser, error) { return port{m.paper.SPI()}, nil }
func (m model) Line(name string) (hal.Line, error) {
	return line{map[string]gpio.PinIO{"DC": m.paper.DC(), "RST": m.paper.Reset(), "BUSY": m.paper.Busy()}[name]}, nil
}

type port struct{ spi.PortCloser }

func (port) Close() error                      { return nil }
func (port) LimitSpeed(physic.Frequency) error { return nil }

type line struct{ gpio.PinIO }

func (line) Close() error { return nil }
func (line) Err() error   { return nil }
