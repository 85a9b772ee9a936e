package display

import (
	"image"
	"image/draw"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

func allFaces() []*face {
	faces := append(codeFaces[:], foreignFaces[:]...)
	for _, s := range scales {
		faces = append(faces, s.title, s.body, s.note)
	}
	return faces
}

// TestGlyphsAreLargeEnough: no capital or figure is under 7 pixels high.
func TestGlyphsAreLargeEnough(t *testing.T) {
	for _, f := range allFaces() {
		if f.capital() < 7 {
			t.Errorf("a face of %d pixels", f.capital())
		}
		for _, r := range "ABCDEFGHIKLMNOPRSTUVWXYZ0123456789" {
			if g, ok := f.glyph(r); !ok || g.h < 7 || g.h < f.capital()-1 || g.h > f.capital()+2 {
				t.Errorf("%q is %d high in a face of %d", r, g.h, f.capital())
			}
		}
	}
}

// TestGlyphsAreDistinct: the closest pair of characters of a code differs by enough pixels: three at 7
// pixels of height, more the larger the face; and so do those that are often taken for each other.
func TestGlyphsAreDistinct(t *testing.T) {
	const set = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for _, f := range codeFaces {
		least := max(3, f.capital()*f.capital()/28)
		for i, a := range set {
			for _, b := range set[i+1:] {
				if d := distance(*f, a, b); d < least {
					t.Errorf("capitals of %d: %c and %c differ by %d pixels, want %d", f.capital(), a, b, d, least)
				}
			}
		}
	}
}

// TestCodeGlyphsDoNotTouch: between any two characters side by side is a pixel of white, between rows two.
func TestCodeGlyphsDoNotTouch(t *testing.T) {
	for _, f := range codeFaces {
		for i := range f.count() {
			for j := range f.count() {
				a, _ := f.glyph(f.rune(i))
				b, _ := f.glyph(f.rune(j))
				if a.advance+b.x-(a.x+a.w) < 1 {
					t.Fatalf("capitals of %d: %c%c touch", f.capital(), f.rune(i), f.rune(j))
				}
			}
		}
		set := codeText{face: f, bounds: f.measure("gjÅ|"), n: 2}
		if set.pitch()-set.rise() < 2 {
			t.Errorf("capitals of %d: rows are %d apart", f.capital(), set.pitch()-set.rise())
		}
	}
}

// distance counts the pixels in which two characters differ where they overlap best.
func distance(f face, a, b rune) int {
	first, _ := f.glyph(a)
	second, _ := f.glyph(b)
	best := 1 << 20
	for shift := -2; shift <= 2; shift++ {
		n := 0
		for y := -f.capital() - 4; y < 8; y++ {
			for x := -4; x < 60; x++ {
				if inked(first, x, y) != inked(second, x+shift, y) {
					n++
				}
			}
		}
		best = min(best, n)
	}
	return best
}

// inked is a pixel with the pen at 0, 0.
func inked(g glyph, x, y int) bool {
	x, y = x-g.x, y-g.y
	return 0 <= x && x < g.w && 0 <= y && y < g.h && g.dot(x, y)
}

// TestCodeGlyphsAreTheirLetters compares the tables with the outlines: of all letters and figures of Go
// Mono Bold, drawn afresh at the size, each glyph is closest to its own.
func TestCodeGlyphsAreTheirLetters(t *testing.T) {
	const set = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-"
	outlines, err := opentype.Parse(gomonobold.TTF)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range codeFaces[:len(codeFaces)-2] { // the last two are of other fonts
		drawn, err := opentype.NewFace(outlines, &opentype.FaceOptions{Size: float64(f.capital()) / goMonoCapital, DPI: 72})
		if err != nil {
			t.Fatal(err)
		}
		shapes := map[rune][]image.Alpha{}
		for _, r := range set {
			shapes[r] = trace(t, drawn, r)
		}
		for _, r := range set {
			g, ok := f.glyph(r)
			if !ok {
				t.Fatalf("no %q in a face of %d", r, f.space())
			}
			best, nearest := 1<<30, rune(0)
			for _, other := range set {
				for _, shape := range shapes[other] {
					if d := unlike(g, shape); d < best {
						best, nearest = d, other
					}
				}
			}
			if nearest != r {
				t.Errorf("%q in a face of %d looks like %q", r, f.space(), nearest)
			}
		}
	}
}

// goMonoCapital is the height of Go Mono Bold's capitals, in parts of its size.
const goMonoCapital = 0.72

// trace draws a character at some places between two pixels; the pen stands at 0, 0.
func trace(t *testing.T, drawn font.Face, r rune) (shapes []image.Alpha) {
	t.Helper()
	for shift := fixed.Int26_6(-24); shift <= 24; shift += 16 {
		box, mask, at, _, ok := drawn.Glyph(fixed.Point26_6{X: 64*8 + shift}, r)
		if !ok {
			t.Fatalf("no outline of %q", r)
		}
		shape := image.NewAlpha(box.Sub(image.Pt(8, 0)))
		draw.Draw(shape, shape.Rect, mask, at, draw.Src)
		shapes = append(shapes, *shape)
	}
	return shapes
}

// unlike adds the differences in coverage.
func unlike(g glyph, shape image.Alpha) (sum int) {
	area := shape.Rect.Union(image.Rect(g.x, g.y, g.x+g.w, g.y+g.h))
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			cover := int(shape.AlphaAt(x, y).A)
			if inked(g, x, y) {
				cover = 255 - cover
			}
			sum += cover
		}
	}
	return sum
}

// TestFaceDrawsBoxes: an unknown character is a box that is measured as it is drawn.
func TestFaceDrawsBoxes(t *testing.T) {
	c := newCanvas(Geometry{Width: 128, Height: 64})
	e := text9.measure("a語b")
	c.text(text9, "a語b", 20, 30, white)
	n := image.Rectangle{}
	for y := range 64 {
		for x := range 128 {
			if c.ColorIndexAt(x, y) == white {
				n = n.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	if want := image.Rect(20+1, 30+e.top, 20+e.right, 30+e.bottom); n.Max != want.Max || n.Min.Y != want.Min.Y {
		t.Errorf("ink in %v, measured %v", n, want)
	}
	if text9.draws("語") || !text9.draws("a b") {
		t.Error("draws is wrong")
	}
}

// TestDraws: what Draws promises the smallest face keeps too.
func TestDraws(t *testing.T) {
	for i := range text9.count() {
		if r := text9.rune(i); !text7.draws(string(r)) {
			t.Errorf("the smallest face lacks %q", r)
		}
	}
	for text, want := range map[string]bool{"Zoë Łukasz Żółć-Ďurič": true, "": true, "Ὀδυσσεύς": false, "漢字": false, "a\u202eb": false} {
		if Draws(text) != want {
			t.Errorf("Draws(%q) is not %v", text, want)
		}
	}
}
