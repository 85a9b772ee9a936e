package display

import (
	"image"
	"strconv"
)

// Render draws a screen for a panel: a picture of g.Width by g.Height pixels with two colours, three on
// paper with an accent. White is a lit pixel or bare paper. It is a pure function; nil is an empty picture.
func Render(s Screen, g Geometry) image.Image { return new(renderer).render(s, g) }

// Pages is the number of pages that a screen takes on the panel, at least 1.
func Pages(s Screen, g Geometry) int { return new(renderer).pages(s, g) }

// renderer draws the screens of one panel. What it keeps only saves work.
type renderer struct{ symbols symbols }

func (r *renderer) render(s Screen, g Geometry) *image.Paletted {
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
		m := in(g.Language).message(s, g)
		m.set(g)
		m.draw(c, g.Page)
	}
	return c.Paletted
}

func (r *renderer) pages(s Screen, g Geometry) int {
	switch s := s.(type) {
	case nil, TestCard:
		return 1
	case Pairing:
		var p pairing
		p.set(&r.symbols, s, g)
		return p.pages(g)
	}
	m := in(g.Language).message(s, g)
	m.set(g)
	_, _, pages := m.page(0)
	return max(1, pages)
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
	m.add(block{text: strconv.Itoa(g.Width) + "×" + strconv.Itoa(g.Height), head: true})
	m.add(block{text: s.Panel, free: true, optional: true})
	m.add(block{text: s.Version, free: true, optional: true})
	inside := g
	inside.Width, inside.Height = g.Width-2*(k+3), g.Height-4
	m.set(inside)
	m.area = m.area.Add(image.Pt(k+3, 2))
	m.draw(c, 0)
}
