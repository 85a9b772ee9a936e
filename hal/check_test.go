package hal

import (
	"image"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	good := []Options{{}, {Panel: "none"}, {Panel: "sim"}, {Panel: "png", PNGFile: "x.png", Rotate: 270}, {Panel: "terminal", Size: image.Pt(96, 32)}, {ButtonPin: "GPIO17", LEDPin: "GPIO27"},
		{Panel: "ssd1306", Bus: "I2C1", Address: 0x3c, ColumnOffset: -1}, {Panel: "sh1106", Bus: "SPI0.1", Pins: map[string]string{"dc": "gpiochip0/25"}},
		{Panel: "inkyphat", Size: image.Pt(128, 64), Bus: "SPI0.0", Pins: map[string]string{"dc": "GPIO22", "reset": "GPIO27", "busy": "GPIO17"}}}
	for _, o := range good {
		if errs := Check(o); len(errs) > 0 {
			t.Errorf("%+v: %v", o, errs)
		}
	}
	for _, c := range []struct {
		o    Options
		want []string // a part of each error
	}{
		{Options{Panel: "ssd9999"}, []string{`display.panel: there is no panel "ssd9999"`}},
		{Options{Panel: "sim", SimPanel: "lcd"}, []string{`sim.panel: there is no panel "lcd"`}},
		{Options{Panel: "sim", SimPanel: "png"}, []string{`sim.panel: there is no panel "png"`}},
		{Options{Board: "abacus"}, []string{`display.board: there is no board "abacus", choose from ssd1306-i2c, `}},
		{Options{Panel: "png", Rotate: 45}, []string{"display.rotate: 45", "png.file: "}},
		{Options{Panel: "sim", Size: image.Pt(4, 4)}, []string{`display.size: 4x4`}},
		{Options{Panel: "sim", Size: image.Pt(128, 100000)}, []string{"8x8 to 1024x1024"}},
		{Options{Panel: "ssd1306", Bus: "I2C1", Address: 0x3c, Size: image.Pt(100, 64)}, []string{"no size of ssd1306, choose from 128x64, 128x32"}},
		{Options{Panel: "sh1107", Bus: "I2C1", Address: 0x3c, Size: image.Pt(128, 32)}, []string{"no size of sh1107, choose from 128x128, 64x128"}},
		{Options{Panel: "ssd1306", Bus: "/dev/i2c-1", ColumnOffset: 500}, []string{`display.bus: "/dev/i2c-1"`, "display.column_offset: 500"}},
		{Options{Panel: "sh1106", Bus: "I2C1", Address: 0x80}, []string{"display.address: 0x80"}},
		{Options{Panel: "ssd1306", Bus: "SPI0.0"}, []string{"display.pins: dc: is missing"}},
		{Options{Panel: "waveshare2in13v4", Bus: "I2C1", Address: 0x3c}, []string{"is no SPI bus", "display.pins: busy: is missing", "display.pins: dc: is missing", "display.pins: reset: is missing"}},
		{Options{Panel: "waveshare2in13v4", Bus: "SPI0.0", Pins: map[string]string{"dc": "GPIO25", "reset": "GPIO17", "busy": "GPIO 24", "cs": "GPIO8"}},
			[]string{`busy: "GPIO 24"`, "cs: there is no such role"}},
		{Options{Panel: "waveshare2in13v4", Bus: "SPI0.0", Pins: map[string]string{"dc": "GPIO25", "reset": "GPIO17", "busy": "GPIO24"}, ButtonPin: "GPIO17", LEDPin: "GPIO24"},
			[]string{`button.pin: "GPIO17" is the pin of display.pins: reset already`, `led.pin: "GPIO24"`}},
		{Options{ButtonPin: "GPIO 17", LEDPin: "\x00"}, []string{"button.pin", "led.pin"}},
	} {
		expectErrors(t, c.o, c.want)
	}
}

func expectErrors(t *testing.T, o Options, want []string) {
	t.Helper()
	errs := Check(o)
	if len(errs) != len(want) {
		t.Errorf("%+v: %v, want %q", o, errs, want)
		return
	}
	for i, e := range errs {
		if !strings.Contains(e.Error(), want[i]) || strings.Contains(e.Error(), "\n") {
			t.Errorf("%+v: %q, want a line with %q", o, e, want[i])
		}
	}
}

func TestSize(t *testing.T) {
	for _, c := range []struct {
		panel      string
		said, want image.Point
	}{
		{"sim", image.Point{}, image.Pt(128, 64)}, {"sim", image.Pt(250, 122), image.Pt(250, 122)},
		{"ssd1306", image.Pt(128, 64), image.Pt(128, 64)}, {"ssd1306", image.Pt(128, 32), image.Pt(128, 32)}, {"ssd1306", image.Point{}, image.Pt(128, 64)},
		{"waveshare2in13v4", image.Pt(128, 64), image.Pt(250, 122)}, {"sh1107", image.Pt(128, 64), image.Pt(128, 128)},
	} {
		p, _ := find(Options{Panel: c.panel})
		if got := p.Size(c.said); got != c.want {
			t.Errorf("%s at %v: %v, want %v", c.panel, c.said, got, c.want)
		}
	}
}

func TestPanelsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Panels() {
		if p.Name == "" || p.Driver == "" || seen[p.Name] || (p.Bus != "") != (len(p.Sizes) > 0) || p.Accent && !p.Paper || p.Partial && !p.Paper || (p.Refresh > 0) != p.Paper {
			t.Errorf("panel %+v", p)
		}
		seen[p.Name] = true
		for _, s := range p.Sizes {
			if s.X < minSide || s.Y < minSide {
				t.Errorf("%s: size %v", p.Name, s)
			}
		}
	}
	for _, name := range []string{"none", "terminal", "png", "sim", "ssd1306", "ssd1309", "sh1106", "waveshare2in13v2"} { // the configuration names them
		if !seen[name] {
			t.Errorf("no panel %s", name)
		}
	}
}
