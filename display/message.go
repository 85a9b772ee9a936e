package display

import "image"

// block is a paragraph of a message.
type block struct {
	text     string
	head     bool // in the larger face
	free     bool // a name or a text of others: words too wide may be broken
	optional bool // may be left out where room is short
}

// No message has more paragraphs than maxBlocks; more lines than roomFor take an allocation.
const (
	maxBlocks = 6
	roomFor   = 32
)

// message is a text set for a panel: lines in faces, cut into pages.
type message struct {
	caption string // the device's name, above a rule, where there is room
	urgent  bool   // framed in the accent colour, where the paper has one
	blocks  [maxBlocks]block
	n       int

	scale scale
	area  image.Rectangle
	lines []line         // of all blocks
	whole bool           // no word is broken that should not be
	ends  [maxBlocks]int // where the lines of each block end
}

// maxText is how many characters of a text of others are shown.
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

// inner is the part of the panel that text may use: one pixel is free at every edge, more on large ones.
func inner(g Geometry) image.Rectangle {
	return image.Rect(0, 0, g.Width, g.Height).Inset(margin(g.Width, g.Height))
}

func margin(width, height int) int { return max(1, min(width, height)/32) }

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
	if m.alerts(g) {
		m.area = m.area.Inset(alertFrame)
	}
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

// alerts tells whether the message comes in a frame.
func (m *message) alerts(g Geometry) bool { return m.urgent && g.Paper && g.Accent }

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
