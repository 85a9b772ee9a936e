package display

import (
	"image"
	"image/color"
)

// The colours of a picture, as indexes of its palette.
const (
	black uint8 = iota
	white
	red // on paper with an accent only
)

var (
	twoColours   = color.Palette{color.Gray{Y: 0}, color.Gray{Y: 255}}
	threeColours = color.Palette{color.Gray{Y: 0}, color.Gray{Y: 255}, color.RGBA{R: 255, A: 255}}
)

// canvas is a picture in the making. On an OLED ink is light, on paper it is dark.
type canvas struct {
	*image.Paletted
	ink, ground, accent uint8
}

func newCanvas(g Geometry) canvas {
	c := canvas{ink: white, ground: black, accent: white}
	palette := twoColours
	if g.Paper {
		c = canvas{ink: black, ground: white, accent: black}
		if g.Accent {
			palette, c.accent = threeColours, red
		}
	}
	c.Paletted = image.NewPaletted(image.Rect(0, 0, max(0, g.Width), max(0, g.Height)), palette)
	if c.ground != 0 {
		c.fill(c.Rect, c.ground)
	}
	return c
}

func (c canvas) fill(r image.Rectangle, colour uint8) {
	r = r.Intersect(c.Rect)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := c.Pix[y*c.Stride+r.Min.X : y*c.Stride+r.Max.X]
		for x := range row {
			row[x] = colour
		}
	}
}

func (c canvas) set(x, y int, colour uint8) {
	if image.Pt(x, y).In(c.Rect) {
		c.Pix[y*c.Stride+x] = colour
	}
}

// text draws a line with the pen starting at x on the baseline y.
func (c canvas) text(f face, text string, x, y int, colour uint8) {
	for _, r := range text {
		if isSpace(r) {
			x += f.space()
			continue
		}
		g, ok := f.glyph(r)
		if ok {
			c.glyph(g, x, y, colour)
		} else {
			g = f.box()
			c.frame(image.Rect(x, y+g.y, x+g.w, y), colour)
		}
		x += g.advance
	}
}

func (c canvas) glyph(g glyph, x, y int, colour uint8) {
	for j := range g.h {
		for i := range g.w {
			if g.dot(i, j) {
				c.set(x+g.x+i, y+g.y+j, colour)
			}
		}
	}
}

// frame draws the outline of r, one pixel wide.
func (c canvas) frame(r image.Rectangle, colour uint8) {
	for x := r.Min.X; x < r.Max.X; x++ {
		c.set(x, r.Min.Y, colour)
		c.set(x, r.Max.Y-1, colour)
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		c.set(r.Min.X, y, colour)
		c.set(r.Max.X-1, y, colour)
	}
}

// centred draws a line in the middle of the width of r.
func (c canvas) centred(f face, l line, r image.Rectangle, baseline int) {
	c.text(f, l.text, r.Min.X+(r.Dx()-l.width())/2-l.left, baseline, c.ink)
}

// alertFrame is the width in pixels of the frame that alert draws.
const alertFrame = 3

// alert frames the picture in the accent colour. Text stays dark: yellow on white could not be read.
func (c canvas) alert() {
	for i := 1; i <= alertFrame; i++ {
		c.frame(c.Rect.Inset(i), c.accent)
	}
}
