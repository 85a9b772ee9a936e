package ink

import "image"

// Rotated returns the frame turned clockwise by 0, 90, 180 or 270 degrees: what the panel must show so that
// a reader who looks at a panel mounted that way sees the frame upright. By 0 degrees it is the frame itself.
func Rotated(f *image.Paletted, degrees int) *image.Paletted {
	if degrees == 0 {
		return f
	}
	size := f.Bounds().Size()
	if degrees%180 != 0 {
		size = image.Pt(size.Y, size.X)
	}
	out := image.NewPaletted(image.Rectangle{Max: size}, f.Palette)
	for y := range f.Bounds().Dy() {
		for x := range f.Bounds().Dx() {
			p := Turn(image.Pt(x, y), f.Bounds().Size(), degrees)
			out.Pix[p.Y*out.Stride+p.X] = f.Pix[y*f.Stride+x]
		}
	}
	return out
}

// Turn says where the pixel p of a picture of the given size lies once the picture is turned clockwise.
func Turn(p, size image.Point, degrees int) image.Point {
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
