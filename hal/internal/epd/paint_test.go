package epd

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"
	"testing"
)

// colours returns a picture of random colours, some of them translucent.
func colours(r image.Rectangle, rnd *rand.Rand) image.Image {
	m := image.NewNRGBA(r)
	for i := range m.Pix {
		m.Pix[i] = uint8(rnd.Uint32())
	}
	return m
}

func TestPaintIsDrawSrc(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	inks := color.Palette{color.Black, color.White, color.RGBA{R: 0xff, A: 0xff}}
	paper := image.Rect(0, 0, 20, 10)
	shades := image.NewGray(image.Rect(-3, -3, 30, 30))
	for i := range shades.Pix {
		shades.Pix[i] = uint8(i)
	}
	sources := []image.Image{colours(image.Rect(-5, 2, 40, 30), rnd), shades, image.White, image.NewUniform(color.RGBA{R: 200, G: 30, A: 255})}
	for range 200 {
		for _, src := range sources {
			r := image.Rect(rnd.IntN(30)-5, rnd.IntN(30)-5, rnd.IntN(30)-5, rnd.IntN(30)-5)
			sp := image.Pt(rnd.IntN(20)-10, rnd.IntN(20)-10)
			got, want := image.NewPaletted(paper, inks), image.NewPaletted(paper, inks)
			Paint(got, r, src, sp)
			draw.Draw(want, r, src, sp, draw.Src)
			if !bytes.Equal(got.Pix, want.Pix) {
				t.Fatalf("%T, %v from %v: differs from draw.Draw", src, r, sp)
			}
		}
	}
}
