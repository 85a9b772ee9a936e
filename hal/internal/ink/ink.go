// Package ink turns any picture into the two or three colours a panel has.
package ink

import (
	"image"
	"image/color"
)

// The indexes into a frame's palette: a dark pixel or black ink, a lit pixel or bare paper, and the third
// colour of some papers (red or yellow).
const (
	Black uint8 = iota
	White
	Accent
)

// New returns a black frame of the given size with two colours, or three with accent.
func New(size image.Point, accent bool) *image.Paletted {
	p := color.Palette{color.Gray{}, color.Gray{Y: 255}}
	if accent {
		p = append(p, color.RGBA{R: 0xd0, G: 0x20, B: 0x18, A: 0xff})
	}
	return image.NewPaletted(image.Rectangle{Max: size}, p)
}

// Draw copies src, from sp on, into the part r of dst, each pixel as the nearest ink. Pixels outside either
// picture are left as they are. It reports whether a pixel has changed.
func Draw(dst *image.Paletted, r image.Rectangle, src image.Image, sp image.Point) (changed bool) {
	clip(dst, &r, src, &sp)
	at := reader(src, len(dst.Palette) > 2)
	for y := range r.Dy() {
		row := dst.Pix[dst.PixOffset(r.Min.X, r.Min.Y+y):]
		for x := range r.Dx() {
			ink := at(sp.X+x, sp.Y+y)
			changed = changed || ink != row[x]
			row[x] = ink
		}
	}
	return changed
}

// Of is the ink for a colour: accent where there is one and the colour is warm and saturated, else white or
// black by luminance.
func Of(c color.Color, accent bool) uint8 {
	r, g, b, _ := c.RGBA()
	if accent && r > 0x8000 && b < r/2 && g <= r {
		return Accent
	}
	if color.Gray16Model.Convert(c).(color.Gray16).Y >= 0x8000 {
		return White
	}
	return Black
}

// reader returns how to read one pixel: palettes are matched once, not once a pixel.
func reader(src image.Image, accent bool) func(x, y int) uint8 {
	switch s := src.(type) {
	case *image.Paletted:
		inks := make([]uint8, len(s.Palette))
		for i, c := range s.Palette {
			inks[i] = Of(c, accent)
		}
		return func(x, y int) uint8 { return inks[s.Pix[s.PixOffset(x, y)]] }
	case *image.Gray:
		return func(x, y int) uint8 { return s.Pix[s.PixOffset(x, y)] >> 7 }
	}
	return func(x, y int) uint8 { return Of(src.At(x, y), accent) }
}

// clip is what draw.Draw does before it draws.
func clip(dst *image.Paletted, r *image.Rectangle, src image.Image, sp *image.Point) {
	was := r.Min
	*r = r.Intersect(dst.Bounds()).Intersect(src.Bounds().Add(was.Sub(*sp)))
	*sp = sp.Add(r.Min.Sub(was))
}

// Rotated returns the frame turned clockwise by 0, 90, 180 or 270 degrees: what a panel that is mounted that way must show for
// the frame to be upright. It is a copy also by 0 degrees.
func Rotated(f *image.Paletted, degrees int) *image.Paletted {
	size := f.Bounds().Size()
	if degrees%180 != 0 {
		size = image.Pt(size.Y, size.X)
	}
	out := image.NewPaletted(image.Rectangle{Max: size}, f.Palette)
	if degrees == 0 {
		copy(out.Pix, f.Pix)
		return out
	}
	for y := range f.Bounds().Dy() {
		for x := range f.Bounds().Dx() {
			p := turn(image.Pt(x, y), f.Bounds().Size(), degrees)
			out.Pix[p.Y*out.Stride+p.X] = f.Pix[y*f.Stride+x]
		}
	}
	return out
}

// turn returns where the pixel p of a picture of the given size lies after the picture is turned clockwise.
func turn(p, size image.Point, degrees int) image.Point {
	switch degrees {
	case 90:
		return image.Pt(size.Y-1-p.Y, p.X)
	case 180:
		return image.Pt(size.X-1-p.X, size.Y-1-p.Y)
	case 270:
		return image.Pt(p.Y, size.X-1-p.X)
	}
	return p
}
