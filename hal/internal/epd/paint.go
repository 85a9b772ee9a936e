package epd

import "image"

// Paint copies src, from sp on, into the part r of dst, each pixel as the nearest colour of dst's palette, as draw.Draw does with
// draw.Src. Package draw would link its code for all other kinds of pictures as well: 38 KB.
func Paint(dst *image.Paletted, r image.Rectangle, src image.Image, sp image.Point) {
	move := sp.Sub(r.Min)
	r = r.Intersect(dst.Rect).Intersect(src.Bounds().Sub(move))
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			dst.SetColorIndex(x, y, uint8(dst.Palette.Index(src.At(x+move.X, y+move.Y))))
		}
	}
}
