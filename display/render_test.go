package display

import (
	"image"
	"testing"

	"github.com/paird/paird/display/internal/qrread"
)

// TestLargePanels: the largest panels show what one of half their size does, each pixel four times, with
// modules twice as large.
func TestLargePanels(t *testing.T) {
	for _, size := range []image.Point{{600, 400}, {600, 448}, {640, 400}, {800, 480}, {480, 800}, {801, 481}} {
		g := Geometry{Width: size.X, Height: size.Y, Name: "Printer", Paper: true, Accent: true}
		half := g
		half.Width, half.Height = g.Width/2, g.Height/2
		for _, s := range append(allScreens(), pairings()...) {
			if _, card := s.(TestCard); card {
				continue // shows the real size
			}
			m, small := Render(s, g).(*image.Paletted), Render(s, half).(*image.Paletted)
			if m.Rect.Max != size || Pages(s, g) != Pages(s, half) {
				t.Fatalf("%s: %#v is %v on %d pages", g.name(), s, m.Rect, Pages(s, g))
			}
			for y := range 2 * half.Height {
				for x := range 2 * half.Width {
					if m.ColorIndexAt(x, y) != small.ColorIndexAt(x/2, y/2) {
						t.Fatalf("%s: %#v: pixel %d,%d", g.name(), s, x, y)
					}
				}
			}
		}
		s := pairings()[0].(Pairing)
		fit := Fit(s.VerificationURIComplete, s.VerificationURI, g)
		if code, err := qrread.Read(Render(s, g)); err != nil || code.Text != s.VerificationURIComplete || code.Pixels != fit.ModulePixels {
			t.Errorf("%s: %+v (%v), want %+v", g.name(), code, err, fit)
		}
	}
}

// TestNotLarge: panels of up to 400x300 are drawn pixel by pixel.
func TestNotLarge(t *testing.T) {
	for _, g := range sizes() {
		if _, large := g.halved(); large {
			t.Errorf("%s is drawn at half its size", g.name())
		}
	}
}
