package display

import "image"

// block is a paragraph of a message.
type block struct {
	text     string
	head     bool // in the larger face
	accent   bool // in the accent colour, where the paper has one
	free     bool // a name or a text of others: may be broken anywhere
	optional bool // may be left out where room is short
}

// The longest message has maxBlocks paragraphs, on a panel of 96x32 pixels maxLines lines.
const (
	maxBlocks = 6
	maxLines  = 40
)

// message is a text set for a panel: lines in faces, cut into pages.
type message struct {
	blocks [maxBlocks]block
	n      int
	scale  scale
	area   image.Rectangle
	lines  []line         // of all blocks
	ends   [maxBlocks]int // where the lines of each block end
	room   [maxLines]line // for lines
}

func (m *message) add(b block) {
	if b.text != "" && m.n < maxBlocks {
		m.blocks[m.n] = b
		m.n++
	}
}

// inner is the part of the panel that text may use: one pixel is free at every edge, more on large ones.
func inner(g Geometry) image.Rectangle {
	return image.Rect(0, 0, g.Width, g.Height).Inset(max(1, min(g.Width, g.Height)/32))
}

// set chooses the faces: the largest that hold all blocks; before the faces become cramped, optional
// blocks go, the last first. Where nothing fits one page, the smallest faces are used and pages alternate.
func (m *message) set(g Geometry) {
	m.area = inner(g)
	all, n := m.blocks, m.n
	for {
		for _, s := range scales[:cramped] {
			if m.try(s) {
				return
			}
		}
		if !m.drop() {
			break
		}
	}
	m.blocks, m.n = all, n
	for {
		for _, s := range scales[cramped:] {
			if m.try(s) {
				return
			}
		}
		if !m.drop() {
			return // the lines of the smallest faces stand, on pages
		}
	}
}

// drop removes the last optional block.
func (m *message) drop() bool {
	for i := m.n - 1; i >= 0; i-- {
		if m.blocks[i].optional {
			copy(m.blocks[i:m.n], m.blocks[i+1:m.n])
			m.n--
			return true
		}
	}
	return false
}

// try wraps all blocks in the faces of s and tells whether they fit on one page with no word broken.
func (m *message) try(s scale) bool {
	m.scale, m.lines = s, m.room[:0]
	whole := true
	for i, b := range m.blocks[:m.n] {
		f, ok := m.face(i), false
		if m.lines, ok = balanced(m.lines, *f, b.text, m.area.Dx(), "", false); !ok {
			whole = whole && b.free && f == &text7
			m.lines = m.lines[:m.start(i)]
			m.lines, _ = wrap(m.lines, *f, b.text, m.area.Dx(), "", true)
		}
		m.ends[i] = len(m.lines)
	}
	return whole && m.height(0, len(m.lines)) <= m.area.Dy()
}

func (m *message) face(i int) *face {
	if m.blocks[i].head && m.scale.head.draws(m.blocks[i].text) {
		return m.scale.head
	}
	if m.blocks[i].head && m.scale.body.capital() < m.scale.head.capital() {
		for _, s := range scales { // a name the bold faces cannot draw
			if s.body.capital() <= m.scale.head.capital() {
				return s.body
			}
		}
	}
	return m.scale.body
}

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
	f := m.face(i)
	if line == m.start(i) { // a new paragraph
		return max(f.leading(), f.capital()+m.face(max(0, i-1)).leading()-m.face(max(0, i-1)).capital()) + f.capital()/4
	}
	return f.leading()
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
	y := m.area.Min.Y + (m.area.Dy()-m.height(from, to))/2 - m.lines[from].top
	for i := from; i < to; i++ {
		if i > from {
			y += m.step(i)
		}
		b := m.block(i)
		colour := c.ink
		if m.blocks[b].accent {
			colour = c.accent
		}
		l := m.lines[i]
		c.text(*m.face(b), l.text, m.area.Min.X+(m.area.Dx()-l.width())/2-l.left, y, colour)
	}
}
