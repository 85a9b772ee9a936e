package display

import "image"

// role is what a paragraph is on its screen.
type role uint8

const (
	title role = iota // what the device is or does
	body              // what to do; whose device it is
	note              // figures and reasons
)

// block is a paragraph of a message.
type block struct {
	text     string
	role     role
	free     bool // a name or a URI: may be broken within words
	cut      bool // may end with an ellipsis where room is short
	optional bool // may be left out where room is short
	joined   bool // goes on from the block before, on the same page
}

// No message has more paragraphs than maxBlocks; more lines than roomFor take an allocation.
const (
	maxBlocks = 6
	roomFor   = 32
)

// message is a text set for a panel: lines in faces, cut into pages.
type message struct {
	urgent bool // framed in the accent colour, where the paper has one
	blocks [maxBlocks]block
	n      int

	scale scale
	area  image.Rectangle
	lines []line         // of all blocks
	whole bool           // no word of ours is broken
	ends  [maxBlocks]int // where the lines of each block end
}

// maxText is how many characters of a name or a URI are shown.
const maxText = 200

func (m *message) add(b block) {
	if b.free {
		b.text = printable(b.text, maxText)
	}
	if b.text != "" && m.n < maxBlocks {
		m.blocks[m.n] = b
		m.n++
	}
}

// set lays the message out on the panel, under its header.
func (m *message) set(g Geometry) {
	area := inner(g)
	if m.alerts(g) {
		area = area.Inset(alertFrame)
	}
	_, area = g.header(area)
	m.layout(area, scalesFor(g.Width, g.Height))
}

// layout sets the message in the area, in the first scale. The smaller ones are for panels so small that one
// of our words does not fit a line, or a sentence a page.
func (m *message) layout(area image.Rectangle, scales []scale) {
	m.area = area
	m.lines = make([]line, 0, roomFor)
	all := *m
	for _, s := range scales {
		m.blocks, m.n, m.scale = all.blocks, all.n, s
		if m.fit() {
			return
		}
	}
}

// fit wraps the blocks. Where they do not fit one page the optional ones go, the last first; then names
// end with an ellipsis; then there are several pages. ok is false where a word or a sentence is torn.
func (m *message) fit() (ok bool) {
	for again := true; again; again = m.drop() {
		if m.wrap(0); m.fits() {
			return true
		}
	}
	for _, rows := range [...]int{3, 2, 1} {
		if m.wrap(rows); m.fits() {
			return true
		}
	}
	for _, rows := range [...]int{0, 3, 2, 1} {
		if m.wrap(rows); m.whole && m.together() {
			return true
		}
	}
	return false
}

// together reports whether blocks that go on from each other fit one page.
func (m *message) together() bool {
	for i := 0; i < m.n; {
		first := i
		for i++; i < m.n && m.blocks[i].joined; i++ {
		}
		uri := m.blocks[first].free && !m.blocks[first].cut // may take several pages
		if !uri && m.height(m.start(first), m.ends[i-1]) > m.area.Dy() {
			return false
		}
	}
	return true
}

func (m *message) fits() bool { return m.whole && m.height(0, len(m.lines)) <= m.area.Dy() }

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

// wrap breaks all blocks into lines; what may be cut has at most so many rows, 0 for any number.
func (m *message) wrap(rows int) {
	m.lines, m.whole = m.lines[:0], true
	for i, b := range m.blocks[:m.n] {
		m.wrapBlock(*m.face(i), b, rows)
		m.ends[i] = len(m.lines)
	}
}

func (m *message) wrapBlock(f face, b block, rows int) {
	start, width, ok := len(m.lines), m.area.Dx(), false
	if m.lines, ok = balanced(m.lines, f, b.text, width); ok && (!b.cut || rows == 0 || len(m.lines)-start <= rows) {
		return
	}
	m.lines, _ = wrap(m.lines[:start], f, b.text, width, anywhere)
	switch {
	case !b.free:
		m.whole = false
	case b.cut && rows > 0 && len(m.lines)-start > rows:
		m.lines = shortened(m.lines[:start], f, b.text, width, rows)
	}
}

// alerts reports whether the message comes in a frame.
func (m *message) alerts(g Geometry) bool { return m.urgent && g.Paper && g.Accent }

// face is that of a block. A name that it cannot draw takes the next smaller one that can.
func (m *message) face(i int) *face {
	b, f := m.blocks[i], m.scale.face(m.blocks[i].role)
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

// block is the index of the block that a line belongs to.
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
	above := *m.face(max(0, i-1))
	step := max(f.leading(), f.capital()+above.leading()-above.capital())
	if m.blocks[i].joined {
		return step
	}
	return step + f.capital()/4
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

// page gives the lines of a page and the number of pages: as many lines as fit, but what would fit a page
// of its own is not torn.
func (m *message) page(number int) (from, to, pages int) {
	for start := 0; start < len(m.lines); pages++ {
		end := m.pageEnd(start)
		if pages == number {
			from, to = start, end
		}
		start = end
	}
	return from, to, pages
}

func (m *message) pageEnd(start int) int {
	end := start + 1
	for end < len(m.lines) && m.height(start, end+1) <= m.area.Dy() {
		end++
	}
	if end == len(m.lines) {
		return end
	}
	i := m.block(end) // the first block that is not all on this page
	for i > 0 && m.blocks[i].joined {
		i--
	}
	if at := m.start(i); at > start {
		return at
	}
	return end
}

func (m *message) pages() int {
	_, _, pages := m.page(0)
	return max(1, pages)
}

// draw sets the lines of a page into the middle of the area.
func (m *message) draw(c canvas, number int) {
	from, to, _ := m.page(number % m.pages())
	if from == to {
		return
	}
	y := m.area.Min.Y + (m.area.Dy()-m.height(from, to))/2 - m.lines[from].top
	for i := from; i < to; i++ {
		if i > from {
			y += m.step(i)
		}
		c.centred(*m.face(m.block(i)), m.lines[i], m.area, y)
	}
}
