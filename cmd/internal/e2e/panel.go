package e2e

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"testing"

	"github.com/paird/paird/display"
)

// PanelIs reports whether the picture in file, of a png panel, is a page of screen s.
func PanelIs(t testing.TB, file string, s display.Screen, g display.Geometry) bool {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		return false
	}
	seen := Must(png.Decode(bytes.NewReader(content)))(t)
	for g.Page = range display.Pages(s, g) {
		if Differing(seen, display.Render(s, g)) == 0 {
			return true
		}
	}
	return false
}

// Differing is how many pixels are lit in one picture and dark in the other, -1 for pictures of two sizes.
func Differing(a, b image.Image) (n int) {
	if a.Bounds() != b.Bounds() {
		return -1
	}
	lit := func(m image.Image, x, y int) bool { r, _, _, _ := m.At(x, y).RGBA(); return r > 0x7fff }
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			if lit(a, x, y) != lit(b, x, y) {
				n++
			}
		}
	}
	return n
}
