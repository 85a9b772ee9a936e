package display

import "image"

// block is a paragraph of a message.
type block struct {
	text     string
	head     bool // in the larger face
	accent   bool // in the accent colour, where the paper has one
	free     bool // a name or a text of others: words too wide may be broken
	optional bool // may be left out where room is short
}

// No message has more paragraphs than maxBlocks; more lines than roomFor take an allocation.
const (
	maxBlocks = 6
	roomFor   = 16
)

// message is a text set for a panel: lines in faces, cut into pages.
type message struct {
	caption string // the device's name, above a rule, where there is room
	blocks  [maxBlocks]block
	n       int

	scale scale
	area  image.Rectangle
	lines []line         // of all blocks
	whole bool           // no word is broken that should not be
	ends  [maxBlocks]int // where the lines of each block end
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

// set chooses the faces: the largest that hold all blocks. Before the faces become cramped the optional
// blocks go, the last first, and the caption. Where nothing fits one page, pages alternate: as few as with
// the smallest faces, in the largest that need no more.
func (m *message) set(g Geometry) {
	m.lines = make([]line, 0, roomFor)
	all := *m
	for _, faces := range [...][]scale{scales[:cramped], scales[cramped : cramped+1], scales[cramped+1:]} {
		m.blocks, m.n, m.caption = all.blocks, all.n, all.caption
		for again := true; again; again = m.drop() {
			for _, s := range faces {
				if m.try(s, g) {
					return
				}
			}
		}
	}
	_, _, fewest := m.page(0)
	for _, s := range scales {
		m.try(s, g)
		if _, _, pages := m.page(0); m.whole && pages <= fewest {
			return
		}
	}
}

// drop removes the last optional block, or the caption.
func (m *message) drop() bool {
	for i := m.n - 1; i >= 0; i-- {
		if m.blocks[i].optional {
			copy(m.blocks[i:m.n], m.blocks[i+1:m.n])
			m.n--
			return true
		}
	}
	dropped := m.caption != ""
	m.caption = ""
	return dropped
}

// try wraps all blocks in the faces of s and tells whether they fit on one page with no word broken
// that is ours.
func (m *message) try(s scale, g Geometry) bool {
	m.scale, m.lines = s, m.lines[:0]
	m.area = inner(g)
	m.area.Min.Y += m.header()
	m.whole = true
	tear := never // rather smaller than torn
	switch s.body {
	case &text7:
		tear = atBreaks
	case &text9:
		tear = atStrong
	}
	for i, b := range m.blocks[:m.n] {
		f, start, ok := *m.face(i), len(m.lines), false
		if m.lines, ok = balanced(m.lines, f, b.text, m.area.Dx()); !ok && b.free {
			m.lines, ok = wrap(m.lines[:start], f, b.text, m.area.Dx(), tear)
		}
		if !ok {
			m.lines, _ = wrap(m.lines[:start], f, b.text, m.area.Dx(), anywhere)
			m.whole = m.whole && b.free && f == text7
		}
		m.ends[i] = len(m.lines)
	}
	slack := 0
	if s.body != &text7 {
		slack = m.area.Dy() / 16 // some air
	}
	return m.whole && m.captionFits() && m.height(0, len(m.lines)) <= m.area.Dy()-slack
}

// captionFace is that of the body, one size down.
func (m *message) captionFace() *face {
	for i, s := range scales[:len(scales)-1] {
		if s.body == m.scale.body {
			return scales[i+1].body
		}
	}
	return m.scale.body
}

// header is the height of the caption with its rule and the white under it.
func (m *message) header() int {
	if m.caption == "" {
		return 0
	}
	f := m.captionFace()
	return f.measure(m.caption).bottom + f.capital() + 2*(2+f.capital()/8)
}

func (m *message) captionFits() bool {
	return m.caption == "" || m.captionFace().measure(m.caption).width() <= m.area.Dx()
}

// face is that of a block. A text that it cannot draw takes the next smaller one that can.
func (m *message) face(i int) *face {
	b, f := m.blocks[i], m.scale.body
	if b.head {
		f = m.scale.head
	}
	if !b.free || f.draws(b.text) {
		return f
	}
	for _, other := range foreignFaces {
		if other.capital() <= f.capital() && other.draws(b.text) {
			return other
		}
	}
	return f
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
	m.drawCaption(c)
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
		c.centred(*m.face(b), m.lines[i], m.area, y, colour)
	}
}

func (m *message) drawCaption(c canvas) {
	if m.caption == "" {
		return
	}
	f, top := *m.captionFace(), m.area.Min.Y-m.header()
	l := line{m.caption, f.measure(m.caption)}
	c.centred(f, l, m.area, top+f.capital(), c.ink)
	rule := top + f.capital() + l.bottom + 1 + f.capital()/8
	c.fill(image.Rect(m.area.Min.X, rule, m.area.Max.X, rule+1), c.ink)
}

// centred draws a line in the middle of the width of r.
func (c canvas) centred(f face, l line, r image.Rectangle, baseline int, colour uint8) {
	c.text(f, l.text, r.Min.X+(r.Dx()-l.width())/2-l.left, baseline, colour)
}
