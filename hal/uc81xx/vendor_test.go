package uc81xx

import (
	"image"
	"slices"
	"testing"
	"testing/synctest"

	"periph.io/x/conn/v3/gpio"

	"github.com/paird/paird/hal/bustest"
)

// drawn is the picture that Pimoroni's drivers were recorded with.
func drawn(size image.Point) *image.Paletted {
	m := image.NewPaletted(image.Rectangle{Max: size}, inks)
	for i := range m.Pix {
		m.Pix[i] = map[int]uint8{bustest.InkBlack: 0, bustest.InkWhite: 1, bustest.InkRed: 2}[bustest.Ink(i%m.Stride, i/m.Stride, size, false)]
	}
	return m
}

// TestAgainstTheVendor: Pimoroni's traffic shows its picture on the model, and for the same picture our driver sends the same
// commands in the same order, but for what explained lists.
func TestAgainstTheVendor(t *testing.T) {
	for _, info := range Modules() {
		t.Run(info.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				vendor, err := bustest.ReadTraffic(info.Name)
				if err != nil {
					t.Fatal(err)
				}
				_, c := open(t, info)
				if err := bustest.Replay(c, gpio.High, vendor.Of("full")); err != nil {
					t.Fatal(err)
				}
				if n := wrong(c, drawn(info.Size)); n > 0 {
					t.Errorf("the vendor's traffic: %d wrong pixels", n)
				}
				tap := bustest.NewRecorder(false, 0)
				d, err := New(tap.SPI(c.SPI()), tap.Pin(c.DC(), "dc"), tap.Pin(c.Reset(), "reset"), c.Busy(), &Opts{Module: info.Name})
				if err != nil {
					t.Fatal(err)
				}
				mustDraw(t, d, c, drawn(info.Size), "ours")
				theirs, ours := bustest.Steps(vendor.Of("full")), bustest.Steps(tap.Events())
				for _, w := range bustest.Compare(theirs, ours, explained(info.Name)) {
					t.Error(w)
				}
				if !slices.Equal(names(theirs), names(ours)) {
					t.Errorf("the vendor's order is\n%q, ours\n%q", names(theirs), names(ours))
				}
			})
		})
	}
}

func names(steps []bustest.Setting) []string {
	var all []string
	for _, s := range steps {
		all = append(all, s.Name)
	}
	return all
}

// explained lists in what our driver differs from Pimoroni's, and why.
func explained(name string) []bustest.Difference {
	const (
		edgeFirst = "ours puts RES# high first, so that there is an edge whatever level the pin had"
		pauses    = edgeFirst + "; Pimoroni's program pauses 300 ms before each command"
		atOnce    = "Pimoroni's program looks at BUSY at once after the second pulse; ours gives it the time of the first"
	)
	pulse := func(vendor, ours, why string) bustest.Difference {
		return bustest.Difference{Name: "RES#", Vendor: vendor, Ours: ours, Why: why}
	}
	return map[string][]bustest.Difference{
		"inkyphat79661":           {pulse("0 30 330", "10 30 30", pauses)},
		"inkywhat79668":           {pulse("0 30 330", "10 30 30", pauses)},
		"inkyimpression4":         {pulse("0 100 100", "10 100 100", edgeFirst)},
		"inkyimpression57":        {pulse("0 100 100", "10 100 100", edgeFirst)},
		"inkyimpression73":        {pulse("0 100 100", "10 100 100", edgeFirst), {Name: "RES# again", Vendor: "100 100 0", Ours: "10 100 100", Why: atOnce}},
		"inkyimpression4spectra":  {pulse("0 30 30", "10 30 30", edgeFirst)},
		"inkyimpression73spectra": {pulse("0 30 30", "10 30 30", edgeFirst)},
	}[name]
}
