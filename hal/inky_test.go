package hal

import (
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"periph.io/x/conn/v3/display"
	"periph.io/x/conn/v3/display/displaytest"
	"periph.io/x/conn/v3/i2c/i2ctest"

	"github.com/paird/paird/hal/bustest"
)

// TestAnyDrawerIsAPanel: whatever periph can draw on, paird can.
func TestAnyDrawerIsAPanel(t *testing.T) {
	d := &displaytest.Drawer{Img: image.NewNRGBA(image.Rect(0, 0, 160, 80))}
	o := Options{Panel: "mine", Bus: "SPI0.0", Rotate: 180, More: []PanelInfo{{Name: "mine", Sizes: []image.Point{{X: 160, Y: 80}}, Bus: "I2C or SPI",
		Open: func(w *Wiring) (display.Drawer, error) { return d, nil }}}}
	o.Pins = map[string]string{"dc": "DC"}
	b, err := open(t.Context(), o, newOLEDBoard(image.Pt(128, 64)))
	if err != nil || b.Fault != nil {
		t.Fatal(err, b)
	}
	m := noise(b.Panel.Bounds().Size())
	if err := b.Panel.Draw(b.Panel.Bounds(), m, image.Point{}); err != nil {
		t.Fatal(err)
	}
	want := turned(m, 180)
	for y := range 80 {
		for x := range 160 {
			if color.GrayModel.Convert(d.Img.At(x, y)) != want.GrayAt(x, y) {
				t.Fatalf("pixel %d,%d differs", x, y)
			}
		}
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if errs := Check(Options{Panel: "none of mine", More: o.More}); len(errs) != 1 || !strings.Contains(errs[0].Error(), "mine") {
		t.Error(errs)
	}
}

func wHAT(accent bool) *fakeBoard {
	s := bustest.Sheet{Chip: bustest.SSD1683, Size: image.Pt(400, 300), Wire: func(x, y int) (int, int) { return x, y }, NoOTP: true, Accent: accent}
	return &fakeBoard{paper: bustest.NewEPaper(s, true), missing: map[string]bool{}}
}

func wHATOptions(name string) Options {
	return Options{Panel: name, Bus: "SPI0.0", Pins: map[string]string{"dc": "DC", "reset": "RST", "busy": "BUSY"}}
}

// TestInkyWHAT: the older 400x300 papers through the board, rotated, three colours.
func TestInkyWHAT(t *testing.T) {
	for _, name := range []string{"inkywhat", "inkywhatblack"} {
		for _, degrees := range []int{0, 180} {
			synctest.Test(t, func(t *testing.T) {
				f := wHAT(name == "inkywhat")
				o := wHATOptions(name)
				o.Rotate = degrees
				b, err := open(t.Context(), o, f)
				if err != nil || b.Fault != nil || !b.Paper || b.Accent != (name == "inkywhat") {
					t.Fatal(err, b)
				}
				m := noise(b.Panel.Bounds().Size())
				if err := b.Panel.Draw(b.Panel.Bounds(), m, image.Point{}); err != nil {
					t.Fatal(err)
				}
				if differs(f.paper.Image(), turned(m, degrees)) {
					t.Errorf("%s, %d degrees: another picture", name, degrees)
				}
				if v := f.paper.Violations(); len(v) > 0 {
					t.Error(v)
				}
				if err := b.Panel.Draw(b.Panel.Bounds(), m, image.Point{}); err != nil {
					t.Error(err)
				}
				if full, _ := f.paper.Refreshes(); full != 1 {
					t.Errorf("%d refreshes for one picture", full)
				}
				if err := errors.Join(b.Panel.Halt(), b.Close()); err != nil || f.opened != 0 || !f.paper.Asleep() {
					t.Errorf("after Close: %v, %d left open, asleep %v", err, f.opened, f.paper.Asleep())
				}
			})
		}
	}
}

// eepromOf is what Pimoroni writes: size, colour, board version 1.2, display variant, the length of a text and the text.
func eepromOf(width, height uint16, colour, variant byte) []byte {
	b := binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, width), height)
	return append(append(b, colour, 12, variant, 21), "2020-06-15 10:00:00.0"...)
}

func TestInkyByItsEEPROM(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wire := func(x, y int) (int, int) { return 103 - y, x }
		s := bustest.Sheet{Chip: bustest.SSD1675, Size: image.Pt(212, 104), Wire: wire, NoOTP: true}
		f := &fakeBoard{paper: bustest.NewEPaper(s, true), missing: map[string]bool{}}
		f.bus = &i2ctest.Playback{Ops: []i2ctest.IO{{Addr: 0x50, W: []byte{0, 0}, R: eepromOf(212, 104, 1, 4)}}}
		b, err := open(t.Context(), wHATOptions("inky"), f)
		if err != nil || b.Fault != nil || b.Driver != "inkyphatblack" || b.Accent {
			t.Fatal(err, b)
		}
		m := noise(b.Panel.Bounds().Size())
		if err := b.Panel.Draw(b.Panel.Bounds(), m, image.Point{}); err != nil || differs(f.paper.Image(), m) {
			t.Error("another picture:", err)
		}
		f.closes(t, b)
	})
}

func TestInkyThatCannotBeDriven(t *testing.T) {
	for want, eeprom := range map[string][]byte{
		"Inky Impression 13.3 (EL133UF1), for which there is no driver": eepromOf(1600, 1200, 6, 21),
		"variant 99, which is unknown":                                  eepromOf(800, 480, 5, 99),
		"EEPROM of the Inky cannot be read":                             nil,
	} {
		synctest.Test(t, func(t *testing.T) {
			f := wHAT(false)
			playback := &i2ctest.Playback{DontPanic: true}
			for range 2 {
				if eeprom != nil {
					playback.Ops = append(playback.Ops, i2ctest.IO{Addr: 0x50, W: []byte{0, 0}, R: eeprom})
				}
			}
			f.bus = playback
			b, err := open(t.Context(), wHATOptions("inky"), f)
			if err != nil || b.Fault == nil || !strings.Contains(b.Fault.Error(), want) {
				t.Fatalf("%v, fault %v, want %q", err, b.Fault, want)
			}
			f.closes(t, b)
		})
	}
}

func TestEveryInkyVariantHasItsPanel(t *testing.T) {
	for n, v := range inkyVariants() {
		if p, ok := find(Options{Panel: v.panel}); v.panel != "" && (!ok || !slices.Contains(inkySizes(), p.Sizes[0])) || (v.panel == "") == (v.name == "") {
			t.Errorf("variant %d: %+v", n, v)
		}
	}
}
