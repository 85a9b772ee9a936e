package display

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"testing"
)

// TestEncodePNG reads pictures of every depth and of odd sizes back with image/png, pixel by pixel.
func TestEncodePNG(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range []image.Point{{1, 1}, {7, 3}, {8, 8}, {9, 5}, {128, 64}, {250, 122}, {300, 400}} {
		for _, colours := range []int{1, 2, 3, 4, 5, 256} {
			m := randomPaletted(r, size, colours)
			samePicture(t, m, colours)
			samePicture(t, m.SubImage(image.Rect(2, 1, 6, 3).Intersect(m.Rect)), colours)
		}
		m := image.NewNRGBA(image.Rectangle{Max: size})
		for i := range m.Pix {
			m.Pix[i] = uint8(r.IntN(256)) | uint8(i%4/3*255)
		}
		samePicture(t, m, 1<<24)
	}
}

func randomPaletted(r *rand.Rand, size image.Point, colours int) *image.Paletted {
	p := make(color.Palette, colours)
	for i := range p {
		p[i] = color.RGBA{R: uint8(i), G: uint8(255 - i), B: uint8(r.IntN(256)), A: 255}
	}
	m := image.NewPaletted(image.Rectangle{Max: size}, p)
	for i := range m.Pix {
		m.Pix[i] = uint8(r.IntN(colours))
	}
	return m
}

func samePicture(t *testing.T, m image.Image, colours int) {
	t.Helper()
	if m.Bounds().Empty() {
		return // image/png reads no empty picture
	}
	var b bytes.Buffer
	if err := EncodePNG(&b, m); err != nil {
		t.Fatal(err)
	}
	got, err := png.Decode(&b)
	if err != nil {
		t.Fatalf("%v with %d colours: %v", m.Bounds(), colours, err)
	}
	if got.Bounds().Size() != m.Bounds().Size() {
		t.Fatalf("%v came back as %v", m.Bounds(), got.Bounds())
	}
	if p, ok := got.(*image.Paletted); ok && len(p.Palette) != colours {
		t.Errorf("%d colours, want %d", len(p.Palette), colours)
	}
	shift := m.Bounds().Min.Sub(got.Bounds().Min)
	for y := range got.Bounds().Dy() {
		for x := range got.Bounds().Dx() {
			want := color.RGBAModel.Convert(m.At(x+shift.X, y+shift.Y))
			if c := color.RGBAModel.Convert(got.At(x, y)); c != want {
				t.Fatalf("%v with %d colours: %v at %d,%d, want %v", m.Bounds(), colours, c, x, y, want)
			}
		}
	}
}

// TestEncodePNGIsSmall: a frame of two colours is not much larger than its pixels in bits.
func TestEncodePNGIsSmall(t *testing.T) {
	var b bytes.Buffer
	if err := EncodePNG(&b, Render(Clock{}, Geometry{Width: 128, Height: 64})); err != nil {
		t.Fatal(err)
	}
	if most := 64*(1+128/8) + 100; b.Len() > most {
		t.Errorf("%d bytes, want at most %d", b.Len(), most)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestEncodePNGReportsErrors(t *testing.T) {
	if EncodePNG(brokenWriter{}, image.NewGray(image.Rect(0, 0, 1, 1))) == nil {
		t.Error("no error from a writer that fails")
	}
}
