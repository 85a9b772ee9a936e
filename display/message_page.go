package display

import "image"

func (m *message) start(i int) int {
	if i == 0 {
		return 0
	}
	return m.ends[i-1]
}

// block tells which block a line belongs to.
func (m *message) block(line int) int {
	for i := range m.n {
		if line < m.ends[i] {
			return i
		}
	}
	return m.n - 1
}

// step is the distance of a line's baseline from that of the line before.
func (m *message) step(line int) int {
	i := m.block(line)
	f := *m.face(i)
	if line > m.start(i) {
		return f.leading()
	}
	if m.scale.head == m.scale.body { // no room for paragraphs
		return f.leading()
	}
	above := *m.face(max(0, i-1))
	return max(f.leading(), f.capital()+above.leading()-above.capital()) + f.capital()/4
}

// height is that of the ink of some lines.
func (m *message) height(from, to int) int {
	if from >= to {
		return 0
	}
	h := m.lines[to-1].bottom - m.lines[from].top
	for i := from + 1; i < to; i++ {
		h += m.step(i)
	}
	return h
}

// page gives the lines of a page and the number of pages: as many lines as fit, but a paragraph that
// would fit a page of its own is not torn.
func (m *message) page(number int) (from, to, pages int) {
	for start := 0; start < len(m.lines); pages++ {
		end := start + 1
		for end < len(m.lines) && m.height(start, end+1) <= m.area.Dy() {
			end++
		}
		if i := m.block(end - 1); end < m.ends[i] && m.start(i) > start {
			end = m.start(i)
		}
		if pages == number {
			from, to = start, end
		}
		start = end
	}
	return from, to, pages
}

// draw sets the lines of a page into the middle of the panel.
func (m *message) draw(c canvas, number int) {
	from, to, pages := m.page(number)
	if pages > 0 && number >= pages {
		from, to, _ = m.page(number % pages)
	}
	if from == to {
		return
	}
	if m.urgent && c.accent != c.ink {
		c.alert()
	}
	m.drawCaption(c)
	y := m.area.Min.Y + (m.area.Dy()-m.height(from, to))/2 - m.lines[from].top
	for i := from; i < to; i++ {
		if i > from {
			y += m.step(i)
		}
		c.centred(*m.face(m.block(i)), m.lines[i], m.area, y)
	}
}

func (m *message) drawCaption(c canvas) {
	if m.caption == "" {
		return
	}
	f, top := *m.captionFace(), m.area.Min.Y-m.header()
	l := line{m.caption, f.measure(m.caption)}
	c.centred(f, l, m.area, top+f.capital())
	rule := top + f.capital() + l.bottom + 1 + f.capital()/8
	c.fill(image.Rect(m.area.Min.X, rule, m.area.Max.X, rule+1), c.ink)
}
