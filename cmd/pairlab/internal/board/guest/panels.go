//go:build linux

package main

import (
	"errors"
	"fmt"
	"image"
	"os"
	"syscall"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"github.com/paird/paird/cmd/pairlab/internal/board/wire"
	"github.com/paird/paird/hal/bustest"
)

// module is what all register models of panels have.
type module interface {
	Image() *image.Gray
	Unplug()
	Plug()
	FailIn(n, after int)
}

// plug puts a panel onto its bus. /dev/i2c-1 is there in any case, with a BME280 on it.
func (h *hands) plug(w wire.Wiring) error {
	devices := sensors(w.Others)
	glass := bustest.Glass{Chip: bustest.SSD1306, Size: image.Pt(128, 64), Alternative: true}
	var err error
	switch w.Panel {
	case "none":
	case "ssd1306-i2c":
		o := bustest.NewOLED(glass, 0x3c, false)
		h.module, devices = o, append(devices, o)
	case "sh1106-i2c":
		o := bustest.NewOLED(bustest.Glass{Chip: bustest.SH1106, Size: image.Pt(128, 64), Column: 2, Alternative: true}, 0x3c, false)
		h.module, devices = o, append(devices, o)
	case "ssd1306-spi":
		o := bustest.NewOLED(glass, 0, false)
		h.module = o
		err = h.onSPI(o.SPI(), &wires{header: h.header, inputs: map[int]gpio.PinOut{24: o.DC()}})
	case "waveshare-2in13-v4":
		sheet := bustest.Sheets()["waveshare2in13v4"]
		sheet.Switch = true
		err = h.paper(sheet, paperLines{dc: 25, reset: 17, busy: 24, power: 18})
	case "inky-phat":
		sheet := bustest.Sheets()["inkyphatblack"]
		devices = append(devices, bustest.NewInkyEEPROM(sheet.Size, 1, 4))
		err = h.paper(sheet, paperLines{dc: 22, reset: 27, busy: 17})
	default:
		err = fmt.Errorf("no panel %q", w.Panel)
	}
	if err != nil {
		return err
	}
	return serveDevice("i2c-1", i2cBus{line: &h.bus, devices: devices}.ioctl)
}

// sensors are the models of a BME280, and of all others.
func sensors(others bool) (devices []i2c.Bus) {
	for _, m := range bustest.SensorModels() {
		if others || m.Driver == "bme280" {
			devices = append(devices, m.New())
		}
	}
	return devices
}

// plugOneWire puts a DS18B20 at -10.125 degrees, of table 1 of its datasheet, where the kernel's w1_therm would have it: the board
// has no master of 1-wire, and none can be simulated. What else is below /sys/bus is hidden; paird reads nothing there.
func plugOneWire() error {
	const dir = "/sys/bus/w1/devices/28-0316a2794c2f"
	text := "5e ff 4b 46 7f ff 02 10 b5 : crc=b5 YES\n5e ff 4b 46 7f ff 02 10 b5 t=-10125\n"
	return errors.Join(syscall.Mount("tmpfs", "/sys/bus", "tmpfs", 0, ""), os.MkdirAll(dir, 0o755),
		os.WriteFile(dir+"/w1_slave", []byte(text), 0o644))
}

// paperLines are those of a HAT with e-paper; power 0: it has power all the time.
type paperLines struct{ dc, reset, busy, power int }

// paper is a HAT on the pins of its maker's manual.
func (h *hands) paper(sheet bustest.Sheet, on paperLines) error {
	e := bustest.NewEPaper(sheet, false)
	w := &wires{header: h.header, inputs: map[int]gpio.PinOut{on.dc: e.DC(), on.reset: e.Reset()},
		output: e.Busy(), line: on.busy, asleep: e.Asleep, reset: e.Reset()}
	if on.power != 0 {
		w.inputs[on.power] = e.Power()
	}
	h.module, h.stick = e, func(stuck bool) error { e.Stick(stuck); return w.follow() }
	return h.onSPI(e.SPI(), w)
}

// onSPI is /dev/spidev0.0.
func (h *hands) onSPI(p spi.Port, w *wires) error {
	c, err := p.Connect(physic.MegaHertz, spi.Mode0, 8)
	if err != nil {
		return err
	}
	port := spiPort{line: &h.bus, tx: func(b, r []byte) error { return w.transfer(c.Tx, b, r) }}
	return serveDevice("spidev0.0", port.ioctl)
}
