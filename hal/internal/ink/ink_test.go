package ink

import (
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"
	"testing"
)

// random returns a picture of the named kind with the inks it should become.
func random(kind string, size image.Point, rnd *rand.Rand) (src draw.Image, want []uint8) {
	r := image.Rectangle{Max: size}
	switch kind {
	case "gray":
		src = image.NewGray(r)
	case "rgba":
		src = image.NewRGBA(r)
	case "paletted":
		src = image.NewPaletted(r, color.Palette{color.White, color.Black, color.RGBA{R: 255, A: 255}})
	}
	for y := range size.Y {
		for x := range size.X {
			ink := uint8(rnd.IntN(2))
			src.Set(x, y, color.Gray{Y: 255 * ink})
			want = append(want, ink)
		}
	}
	return src, want
}

func TestDrawEveryKindOfPicture(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, kind := range []string{"gray", "rgba", "paletted"} {
		src, want := random(kind, image.Pt(31, 17), rnd)
		f := New(image.Pt(31, 17), false)
		Draw(f, f.Bounds(), src, image.Point{})
		for i := range want {
			if f.Pix[i] != want[i] {
				t.Fatalf("%s: pixel %d is %d, want %d", kind, i, f.Pix[i], want[i])
			}
		}
	}
}

func TestDrawClipsLikeTheStandardLibrary(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		src, _ := random("gray", image.Pt(1+rnd.IntN(20), 1+rnd.IntN(20)), rnd)
		got, want := New(image.Pt(16, 16), false), New(image.Pt(16, 16), false)
		r := image.Rect(rnd.IntN(40)-20, rnd.IntN(40)-20, rnd.IntN(40)-20, rnd.IntN(40)-20)
		sp := image.Pt(rnd.IntN(30)-15, rnd.IntN(30)-15)
		Draw(got, r, src, sp)
		draw.Draw(want, r, src, sp, draw.Src)
		if string(got.Pix) != string(want.Pix) {
			t.Fatalf("r %v sp %v: differs from draw.Draw", r, sp)
		}
	}
}

func TestOf(t *testing.T) {
	for _, c := range []struct {
		c      color.Color
		accent bool
		want   uint8
	}{
		{color.White, true, White}, {color.Black, true, Black}, {color.Gray{Y: 0x7f}, false, Black}, {color.Gray{Y: 0x80}, false, White},
		{color.RGBA{R: 255, A: 255}, true, Accent}, {color.RGBA{R: 255, G: 220, A: 255}, true, Accent},
		{color.RGBA{R: 255, A: 255}, false, Black}, {color.RGBA{B: 255, A: 255}, true, Black},
	} {
		if got := Of(c.c, c.accent); got != c.want {
			t.Errorf("Of(%v, %v) = %d, want %d", c.c, c.accent, got, c.want)
		}
	}
}

func TestRotatedClockwise(t *testing.T) {
	f := New(image.Pt(3, 2), false)
	f.SetColorIndex(0, 0, White) // top left
	for _, c := range []struct {
		degrees int
		want    image.Point
		size    image.Point
	}{{0, image.Pt(0, 0), image.Pt(3, 2)}, {90, image.Pt(1, 0), image.Pt(2, 3)}, {180, image.Pt(2, 1), image.Pt(3, 2)}, {270, image.Pt(0, 2), image.Pt(2, 3)}} {
		r := Rotated(f, c.degrees)
		if r.Bounds().Size() != c.size || r.ColorIndexAt(c.want.X, c.want.Y) != White {
			t.Errorf("%d degrees: size %v, pixel not at %v", c.degrees, r.Bounds().Size(), c.want)
		}
		back := Rotated(r, (360-c.degrees)%360)
		if string(back.Pix) != string(f.Pix) {
			t.Errorf("%d degrees and back is another picture", c.degrees)
		}
	}
}
