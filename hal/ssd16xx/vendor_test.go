package ssd16xx

import (
	"image"
	"testing"
	"testing/synctest"

	"periph.io/x/conn/v3/gpio"

	"github.com/paird/paird/hal/bustest"
)

// The vendors' drivers were recorded while they drew the pictures of bustest.Ink: Waveshare's and Pimoroni's own.

// drawn is the picture that was recorded, or the second one.
func drawn(p *Dev, second bool) *image.Paletted {
	m := image.NewPaletted(p.Bounds(), inks)
	for i := range m.Pix {
		switch ink := bustest.Ink(i%m.Stride, i/m.Stride, m.Rect.Size(), second); {
		case ink == bustest.InkWhite:
			m.Pix[i] = white
		case ink == bustest.InkRed && p.m.Accent:
			m.Pix[i] = red
		}
	}
	return m
}

func recording(t *testing.T, name string) bustest.Traffic {
	t.Helper()
	r, err := bustest.ReadTraffic(name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestVendorsTrafficOnTheModel: what the vendor's driver sends shows the vendor's picture on the model, where a person sees it.
func TestVendorsTrafficOnTheModel(t *testing.T) {
	for _, info := range modelled() {
		t.Run(info.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := bustest.NewEPaper(bustest.Sheets()[info.Name], false)
				p := open(t, info.Name, e)
				r := recording(t, info.Name)
				for _, operation := range r.Operations() {
					if err := bustest.Replay(e, gpio.Low, r.Of(operation)); err != nil {
						t.Fatal(operation, err)
					}
					if operation == "init" || operation == "sleep" {
						continue
					}
					if n := wrong(e, drawn(p, operation == "partial")); n > 0 {
						t.Errorf("%s: %d wrong pixels", operation, n)
					}
				}
			})
		})
	}
}

// TestAgainstTheVendors: for the same pictures our driver sets the controller as the vendor's does, but for what explained lists,
// and after a full refresh both RAMs hold the same.
func TestAgainstTheVendors(t *testing.T) {
	for _, info := range Modules() {
		t.Run(info.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				theirs, ours := bustest.NewEPaper(bustest.Sheets()[info.Name], false), bustest.NewEPaper(bustest.Sheets()[info.Name], false)
				tap := bustest.NewRecorder(false, 0)
				p, err := New(tap.SPI(ours.SPI()), tap.Pin(ours.DC(), "dc"), tap.Pin(ours.Reset(), "reset"), ours.Busy(), &Opts{Module: info.Name})
				if err != nil {
					t.Fatal(err)
				}
				var vendor []bustest.Event
				for _, operation := range recording(t, info.Name).Operations() {
					events := recording(t, info.Name).Of(operation)
					vendor = append(vendor, events...)
					if err := bustest.Replay(theirs, gpio.Low, events); err != nil {
						t.Fatal(err)
					}
					if operation != "full" && operation != "partial" { // ours has no fast refresh
						continue
					}
					if err := p.Draw(p.Bounds(), drawn(p, operation == "partial"), image.Point{}); err != nil {
						t.Fatal(err)
					}
					why := explained()[info.Name+" "+operation]
					for _, w := range bustest.Compare(bustest.PaperSettings(vendor), bustest.PaperSettings(tap.Events()), why) {
						t.Error(operation, w)
					}
					if n := otherRAM(theirs, ours, info.Size); operation == "full" && n > 0 {
						t.Errorf("the RAMs differ in %d pixels", n)
					}
				}
				if err := p.Sleep(); err != nil {
					t.Fatal(err)
				}
				for _, w := range bustest.Compare(bustest.SleepSetting(vendor), bustest.SleepSetting(tap.Events()), explained()[info.Name+" sleep"]) {
					t.Error("sleep", w)
				}
			})
		})
	}
}

// otherRAM counts the pixels that the RAMs of two models do not hold alike.
func otherRAM(a, b *bustest.EPaper, size image.Point) (n int) {
	for y := range size.Y {
		for x := range size.X {
			bw, red := a.RAM(x, y)
			if bw2, red2 := b.RAM(x, y); bw != bw2 || red != red2 {
				n++
			}
		}
	}
	return n
}

// The reasons that several modules have.
const (
	ownWaveform = "the vendor loads a waveform of its own with its voltages; ours takes the paper maker's from the chip, as GxEPD2 does"
	oneActivate = "the vendor powers the panel on (C0) and refreshes in two activations, ours in one"
	pingPong    = "the vendor lets the chip swap its RAMs (ping-pong); ours writes the new picture to both"
	noPulse     = "the vendor pulses RES# before each partial refresh; ours only when the controller slept or failed"
	shortGroups = "equal but for two groups of one frame each, too short to move the particles"
	idleGroups  = "equal but for groups that last no time: TestInkyWaveforms compares the bytes"
	edgeFirst   = "ours puts RES# high first, so that there is an edge whatever level the pin had"
	soonReady   = "ours resets for as long as Pimoroni's program does with SSD1675, ten times what the datasheets ask for, and then waits for BUSY, as Adafruit_EPD does"
	gates       = "the vendor counts one gate too many; the register holds the number less one"
	resetValue  = "the value after a reset, which the vendor leaves; ours sends it"
)

// fromOTP are the differences of a full refresh with the waveform in the chip; vcom and lut are the vendor's.
func fromOTP(lut, vcom string, more ...bustest.Difference) []bustest.Difference {
	return append(more, []bustest.Difference{
		{Name: "32", Vendor: lut, Ours: "-", Why: ownWaveform},
		{Name: "3f", Vendor: "22", Ours: "-", Why: ownWaveform},
		{Name: "03", Vendor: "17", Ours: "-", Why: ownWaveform},
		{Name: "04", Vendor: "41 00 32", Ours: "-", Why: ownWaveform},
		{Name: "2c", Vendor: vcom, Ours: "-", Why: ownWaveform},
		{Name: "22", Vendor: "c7", Ours: "f7", Why: ownWaveform},
	}...)
}

// inTwo are the differences of a partial refresh that the vendor makes in two activations, with ping-pong.
func inTwo(pulse, vendorLUT, ourLUT string, more ...bustest.Difference) []bustest.Difference {
	return append(more, []bustest.Difference{
		{Name: "RES#", Vendor: pulse, Ours: "20 2 20", Why: noPulse},
		{Name: "32", Vendor: vendorLUT, Ours: ourLUT, Why: shortGroups},
		{Name: "37", Vendor: "00 00 00 00 00 40 00 00 00 00", Ours: "-", Why: pingPong},
		{Name: "22", Vendor: "0f", Ours: "cf", Why: oneActivate},
	}...)
}

// ofInky are the differences of Pimoroni's modules.
func ofInky(pulse string, more ...bustest.Difference) []bustest.Difference {
	return append(more, bustest.Difference{Name: "RES#", Vendor: "0 " + pulse, Ours: "10 " + pulse, Why: edgeFirst})
}

// soon are the differences of Pimoroni's modules that are reset for a second.
func soon(more ...bustest.Difference) []bustest.Difference {
	return append(more, bustest.Difference{Name: "RES#", Vendor: "0 500 500", Ours: "10 100 100", Why: edgeFirst + "; " + soonReady})
}

// explained lists in what our driver differs from the vendor's, and why, by module and operation.
func explained() map[string][]bustest.Difference {
	sensor := bustest.Difference{Name: "18", Vendor: "-", Ours: "80", Why: "a waveform from the chip is chosen by the temperature, which its own sensor has"}
	scan := bustest.Difference{Name: "01", Vendor: "c7 00 01", Ours: "c7 00 00", Why: "the vendor scans from the last gate and fills the RAM from below: the same picture"}
	gate := bustest.Difference{Name: "01", Vendor: "d4 00 00", Ours: "d3 00 00", Why: gates}
	gate400 := bustest.Difference{Name: "01", Vendor: "2c 01 00", Ours: "2b 01 00", Why: gates}
	sequence := bustest.Difference{Name: "22", Vendor: "-", Ours: "ff", Why: resetValue}
	overwritten := bustest.Difference{Name: "32", Vendor: "30 bytes 6e472808", Ours: "-", Why: "the vendor's sequence loads the waveform from the chip over it"}
	asleep := []bustest.Difference{{Name: "10", Vendor: "-", Ours: "01", Why: "Pimoroni's program leaves the controller awake"}}
	idle := func(vendor, ours string) bustest.Difference {
		return bustest.Difference{Name: "32", Vendor: vendor, Ours: ours, Why: idleGroups}
	}
	all := map[string][]bustest.Difference{
		"waveshare1in54v2 full": fromOTP("159 bytes e4971254", "20", scan,
			bustest.Difference{Name: "3c", Vendor: "01", Ours: "05", Why: "the border follows the waveform of white in both; 05 as GxEPD2 and the vendor's V3 and V4"}),
		"waveshare1in54v2 partial": {
			scan,
			{Name: "32", Vendor: "159 bytes 94c0e380", Ours: "-", Why: ownWaveform},
			{Name: "3f", Vendor: "02", Ours: "-", Why: ownWaveform},
			{Name: "03", Vendor: "17", Ours: "-", Why: ownWaveform},
			{Name: "04", Vendor: "41 b0 32", Ours: "-", Why: ownWaveform},
			{Name: "2c", Vendor: "28", Ours: "-", Why: ownWaveform},
			{Name: "37", Vendor: "00 00 00 00 00 40 00 00 00 00", Ours: "-", Why: pingPong},
			{Name: "22", Vendor: "cf", Ours: "ff", Why: ownWaveform},
		},
		"waveshare2in13v2 partial": {
			{Name: "37", Vendor: "00 00 00 00 40 00 00", Ours: "-", Why: pingPong},
			{Name: "22", Vendor: "0c", Ours: "cf", Why: oneActivate + "; it leaves the panel powered, ours does not"},
		},
		"waveshare2in13v2 sleep":   {{Name: "10", Vendor: "03", Ours: "01", Why: "mode 1 keeps the RAM; ours writes both after a sleep in either"}},
		"waveshare2in13v3 full":    fromOTP("153 bytes 1472439d", "36"),
		"waveshare2in13v3 partial": inTwo("0 1 0", "153 bytes 53c4d653", "153 bytes 5502c3fa"),
		"waveshare2in13v4 partial": {{Name: "RES#", Vendor: "0 1 0", Ours: "20 2 20", Why: noPulse}},
		"waveshare2in9v2 full": fromOTP("153 bytes 332f8f17", "36", sensor,
			bustest.Difference{Name: "RES#", Vendor: "50 2 50", Ours: "20 2 20", Why: "low as long as the vendor's; around it what the vendor gives the same controller on V3 and V4"},
			bustest.Difference{Name: "3c", Vendor: "-", Ours: "05", Why: "the vendor leaves the border floating; ours refreshes it to white, as its V3 and V4"}),
		"waveshare2in9v2 partial": inTwo("0 2 2", "153 bytes 3eb9d86c", "153 bytes 387fcdc5", sensor),
		"inkyphat full":           ofInky("100 100", gate),
		"inkyphatredht full":      ofInky("100 100", gate, idle("70 bytes ef257e9b", "70 bytes fd65100d")),
		"inkyphatblack full":      ofInky("100 100", gate, idle("70 bytes 19cde1c2", "70 bytes 75143adf")),
		"inkywhat full":           ofInky("100 100", gate400),
		"inkywhatblack full":      ofInky("100 100", gate400, idle("70 bytes 19cde1c2", "70 bytes 75143adf")),
		"inkywhatyellow full":     ofInky("100 100", gate400, idle("70 bytes 7cb2d915", "70 bytes 0fdb2f06")),
		"inkyphatyellow full":     ofInky("100 100", gate, idle("70 bytes 7cb2d915", "70 bytes 0fdb2f06")),
	}
	for _, colour := range []string{"", "red", "yellow"} {
		all["inkyphat1608"+colour+" sleep"], all["inkywhat1683"+colour+" sleep"] = asleep, asleep
		all["inkyphat1608"+colour+" full"] = soon(sequence, overwritten)
		all["inkywhat1683"+colour+" full"] = soon(sequence)
	}
	return all
}
