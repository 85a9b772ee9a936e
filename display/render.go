package display

import (
	"image"
	"strconv"
)

// Render draws a screen for a panel: a picture of g.Width by g.Height pixels with two colours, three on
// paper with an accent. White is a lit pixel or bare paper. It is a pure function; nil is an empty picture.
func Render(s Screen, g Geometry) image.Image { return new(renderer).render(s, g) }

// Pages is the number of pages that a screen takes on the panel, at least 1.
func Pages(s Screen, g Geometry) int { return new(renderer).pages(s, g).all() }

// renderer draws the screens of one panel. What it keeps only saves work.
type renderer struct{ symbols symbols }

// Panels with such sides in pixels, or longer ones, are drawn at half their size, each pixel four times: the
// faces and modules are for panels of up to 400x300.
const (
	largeSide = 560
	smallSide = 380
)

// halved is the geometry that a large panel is drawn at.
func (g Geometry) halved() (half Geometry, ok bool) {
	half = g
	half.Width, half.Height = g.Width/2, g.Height/2
	return half, max(g.Width, g.Height) >= largeSide && min(g.Width, g.Height) >= smallSide
}

func (r *renderer) render(s Screen, g Geometry) *image.Paletted {
	if _, card := s.(TestCard); !card {
		if half, large := g.halved(); large {
			return doubled(r.render(s, half), g)
		}
	}
	g.Page = max(0, g.Page)
	c := newCanvas(g)
	switch s := s.(type) {
	case nil:
	case Pairing:
		var p pairing
		p.set(&r.symbols, s, g)
		p.draw(c, g)
	case TestCard:
		c.testCard(s, g)
	default:
		c.message(in(g.Language).message(s, g), g)
	}
	return c.Paletted
}

// doubled is a picture with four pixels for one; what is odd of the size stays ground.
func doubled(half *image.Paletted, g Geometry) *image.Paletted {
	c := newCanvas(g)
	for y := range 2 * half.Rect.Dy() {
		for x := range 2 * half.Rect.Dx() {
			c.set(x, y, half.Pix[y/2*half.Stride+x/2])
		}
	}
	return c.Paletted
}

// message draws a screen that is all text, under the header.
func (c canvas) message(m message, g Geometry) {
	area := inner(g)
	if m.alerts(g) {
		c.alert()
		area = area.Inset(alertFrame)
	}
	c.drawHeader(g, area)
	m.set(g)
	m.draw(c, g.Page)
}

func (r *renderer) pages(s Screen, g Geometry) pageCount {
	if half, large := g.halved(); large {
		g = half
	}
	switch s := s.(type) {
	case nil, TestCard:
		return pageCount{first: 1}
	case Pairing:
		var p pairing
		p.set(&r.symbols, s, g)
		return p.pages(g)
	}
	m := in(g.Language).message(s, g)
	m.set(g)
	return pageCount{first: m.pages()}
}

// testCard shows the outermost pixels, a mark of its own in each corner, the size and the driver.
func (c canvas) testCard(s TestCard, g Geometry) {
	c.frame(c.Rect, c.ink)
	k := max(3, min(g.Width, g.Height)/10)
	c.fill(image.Rect(2, 2, 2+k, 2+k), c.ink)
	c.frame(image.Rect(g.Width-2-k, 2, g.Width-2, 2+k), c.ink)
	for i := range k {
		c.fill(image.Rect(2, g.Height-3-i, 3+i, g.Height-2-i), c.accent)
		if i%2 == 0 {
			c.fill(image.Rect(g.Width-2-k, g.Height-3-i, g.Width-2, g.Height-2-i), c.ink)
		}
	}
	var m message
	m.add(block{text: strconv.Itoa(g.Width) + "×" + strconv.Itoa(g.Height)})
	m.add(block{text: s.Panel, role: body, free: true, cut: true, optional: true})
	m.add(block{text: s.Version, role: note, free: true, cut: true, optional: true})
	m.layout(c.Rect.Inset(2).Inset(k/2).Intersect(image.Rect(k+3, 0, g.Width-k-3, g.Height)), scalesFor(g.Width, g.Height))
	m.draw(c, 0)
}
