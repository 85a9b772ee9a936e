package monoled

import (
	"fmt"
	"image"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/paird/paird/hal/bustest"
)

func recording(t *testing.T, g bustest.Glass) bustest.Traffic {
	t.Helper()
	r, err := bustest.ReadTraffic(fmt.Sprintf("%s-%dx%d", g.Chip, g.Size.X, g.Size.Y))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// drawn is the picture that the vendors' drivers were recorded with: luma.oled, and Adafruit's for the one size that luma lacks.
func drawn(size image.Point) *image.Gray {
	m := image.NewGray(image.Rectangle{Max: size})
	for i := range m.Pix {
		if bustest.Ink(i%m.Stride, i/m.Stride, size, false) != bustest.InkWhite {
			m.Pix[i] = 255
		}
	}
	return m
}

// TestAgainstTheVendors: the vendor's traffic shows its picture on the model, and for the same picture our driver leaves the
// registers as the vendor's does, but for what explained lists.
func TestAgainstTheVendors(t *testing.T) {
	for _, g := range bustest.Glasses() {
		t.Run(fmt.Sprint(g.Chip, g.Size), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				vendor := recording(t, g)
				o := bustest.NewOLED(g, addr, false)
				if err := o.Replay(append(vendor.Of("init"), vendor.Of("full")...)); err != nil {
					t.Fatal(err)
				}
				if n := wrong(o, drawn(g.Size)); n > 0 {
					t.Errorf("the vendor's traffic: %d wrong pixels", n)
				}
				glass, tap := bustest.NewOLED(g, addr, true), bustest.NewRecorder(true, addr)
				p, err := NewI2C(tap.I2C(glass), addr, &Opts{Chip: string(g.Chip), Size: g.Size, ColumnOffset: -1})
				if err != nil {
					t.Fatal(err)
				}
				mustDraw(t, p, glass, drawn(g.Size), "ours")
				theirs, ours := o.OLEDSettings(append(vendor.Of("init"), vendor.Of("full")...)), o.OLEDSettings(tap.Events())
				for _, w := range bustest.Compare(theirs, ours, explained(g)) {
					t.Error(w)
				}
			})
		})
	}
}

// explained lists in what our driver differs from the vendor's, and why.
func explained(g bustest.Glass) []bustest.Difference {
	const (
		clock     = "the fastest oscillator: cameras see less banding"
		vcomh     = "40 is no level of the datasheet (table 9-1); 20 is that after a reset"
		page      = "page addressing: a change is sent without setting windows"
		reset     = "ours sends the value after a reset, for a controller that was set otherwise before"
		bright    = "brighter: a QR code is read by a camera"
		noCommand = "no command of this controller"
	)
	all := []bustest.Difference{{Name: "d5", Vendor: "80", Ours: "f0", Why: clock}}
	ssd := []bustest.Difference{{Name: "20", Vendor: "00", Ours: "02", Why: page}, {Name: "2e", Vendor: "-", Ours: "", Why: "scrolling off: a warm start may find it on"}}
	switch {
	case g.Size == image.Pt(72, 40): // Adafruit's driver
		return slices.Concat(all, ssd, []bustest.Difference{{Name: "db", Vendor: "30", Ours: "20", Why: reset}, {Name: "81", Vendor: "ff", Ours: "cf", Why: "as luma for the other sizes"}})
	case g.Chip == bustest.SSD1306 && g.Size == image.Pt(96, 16):
		all[0].Vendor = "60"
		fallthrough
	case g.Chip == bustest.SSD1306:
		return slices.Concat(all, ssd, []bustest.Difference{{Name: "db", Vendor: "40", Ours: "20", Why: vcomh}})
	case g.Chip == bustest.SSD1309:
		return slices.Concat(all, ssd, []bustest.Difference{
			{Name: "8d", Vendor: "14", Ours: "-", Why: "no charge pump in an SSD1309: " + noCommand},
			{Name: "d9", Vendor: "f1", Ours: "25", Why: "luma drives it as an SSD1306; ours as its datasheet's example, section 8"},
			{Name: "db", Vendor: "40", Ours: "34", Why: "34 is the level after a reset; 40 is none of the datasheet"},
			{Name: "fd", Vendor: "-", Ours: "12", Why: "unlocks the commands of a controller that was locked"},
		})
	case g.Chip == bustest.SH1106:
		return []bustest.Difference{
			{Name: "20", Vendor: "", Ours: "-", Why: noCommand},
			{Name: "8d", Vendor: "", Ours: "-", Why: noCommand},
			{Name: "db", Vendor: "20", Ours: "35", Why: "35 is the level after a reset"},
			{Name: "81", Vendor: "7f", Ours: "cf", Why: bright},
			{Name: "ad", Vendor: "-", Ours: "8b", Why: reset},
			{Name: "32", Vendor: "-", Ours: "", Why: reset},
		}
	}
	sh1107 := append(all, []bustest.Difference{
		{Name: "da", Vendor: "", Ours: "-", Why: noCommand},
		{Name: "81", Vendor: "7f", Ours: "67", Why: "half of the driver's usual brightness"},
		{Name: "dc", Vendor: "-", Ours: "00", Why: reset},
		{Name: "a0", Vendor: "-", Ours: "00", Why: reset},
		{Name: "c0", Vendor: "-", Ours: "00", Why: reset},
	}...)
	if g.Size.X == 128 {
		return append(sh1107, bustest.Difference{Name: "ad", Vendor: "-", Ours: "8b", Why: reset})
	}
	return append(sh1107,
		bustest.Difference{Name: "ad", Vendor: "-", Ours: "8a", Why: "as Adafruit's driver; luma leaves the value after a reset, 8B"},
		bustest.Difference{Name: "a8", Vendor: "7f", Ours: "3f", Why: "narrow glass has 64 COM lines; ours does not scan those that nothing is wired to"})
}
