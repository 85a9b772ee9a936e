package display

import "image"

// inner is the part of the panel that text may use: one pixel is free at every edge, more on large ones.
func inner(g Geometry) image.Rectangle {
	return image.Rect(0, 0, g.Width, g.Height).Inset(max(1, min(g.Width, g.Height)/48))
}

// headed is the least side of panels with a header, in pixels: each of their screens has one.
const headed = 96

// header divides an area into the header, which holds the device's name over a rule, and the rest.
func (g Geometry) header(area image.Rectangle) (head, rest image.Rectangle) {
	if g.Name == "" || min(g.Width, g.Height) < headed {
		return image.Rectangle{}, area
	}
	f := *scalesFor(g.Width, g.Height)[0].note
	head, rest = area, area
	head.Max.Y = area.Min.Y + f.capital() + descent(f) + 2
	rest.Min.Y = head.Max.Y + 2 + f.capital()/8
	return head, rest
}

// descent is the room of a face under its baseline, in pixels.
func descent(f face) int { return (f.capital() + 2) / 3 }

// drawHeader draws the header of the area; a long name ends with an ellipsis.
func (c canvas) drawHeader(g Geometry, area image.Rectangle) {
	head, _ := g.header(area)
	if head.Empty() {
		return
	}
	f := *scalesFor(g.Width, g.Height)[0].note
	c.centred(f, clipped(f, printable(g.Name, maxText), head.Dx()), head, head.Min.Y+f.capital())
	c.fill(image.Rect(head.Min.X, head.Max.Y-1, head.Max.X, head.Max.Y), c.ink)
}

// nameFactor is a factor of worth: a name that ends with an ellipsis is worth less.
func (p position) nameFactor(g Geometry) float64 {
	head, _ := g.header(p.header)
	f := *scalesFor(g.Width, g.Height)[0].note
	if !head.Empty() && f.measure(g.Name).width() > head.Dx() {
		return 0.8
	}
	return 1
}
