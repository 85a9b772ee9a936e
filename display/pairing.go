package display

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// pairing is the pairing screen, laid out.
type pairing struct {
	words    *words
	text     pairingText
	content  string // of the QR code
	symbol   symbol
	position position
	stack    stack
	whole    bool // the code fits one page
}

// set chooses the QR code and the layout. The complete URI is in the QR code whenever it fits, even
// where the plain one would be larger.
func (p *pairing) set(k *symbols, s Pairing, g Geometry) {
	p.words, p.content = in(g.Language), contentNone
	complete, plain := ASCIIURI(s.VerificationURIComplete), ASCIIURI(s.VerificationURI)
	p.text = pairingText{
		lead: p.words.scan, uri: readable(plain), enter: p.words.enter, code: spell(s.UserCode, g.Height),
		faces: noteFaces(g), needURI: g.Paper, scratch: make([]line, 0, roomFor),
	}
	p.stack.lines = make([]line, 0, roomFor)
	if s.Left > 0 && !g.Paper {
		p.text.left, p.text.room = with(p.words.left, remaining(s.Left)), with(p.words.left, "88 min")
	}
	switch {
	case p.encode(k, complete, contentComplete, g):
	case p.encode(k, upperHost(complete), contentUpper, g):
	case p.encode(k, plain, contentPlain, g):
	case p.encode(k, upperHost(plain), contentPlain, g):
	default:
		p.text.lead, p.position = p.words.open, withoutQR(g)
		p.whole = p.text.stack(p.position.text, 1, &p.stack)
	}
}

// noteFaces are those for the lines around the code: of the panel's scale, or the smallest.
func noteFaces(g Geometry) []*face {
	s := scalesFor(g.Width, g.Height)
	for i, f := range foreignFaces {
		if f == s[0].note {
			return foreignFaces[i:]
		}
	}
	return foreignFaces[:]
}

// remaining is a time for people: whole minutes, seconds in the last one.
func remaining(d time.Duration) string {
	if d > time.Minute {
		return strconv.Itoa(int((d+time.Minute-1)/time.Minute)) + " min"
	}
	return seconds(d) + " s"
}

// encode lays out the screen with a QR code of the text; ok is false where none can be.
func (p *pairing) encode(k *symbols, text, content string, g Geometry) (ok bool) {
	if text == "" {
		return false
	}
	limit := (min(g.Width, g.Height)/smallModule - 2 - 17) / 4
	s, ok := k.encode(text, limit)
	if !ok || !p.layout(s.size, g) {
		return false
	}
	p.symbol, p.content, p.whole = s, content, true
	return true
}

// layout tries sizes of modules and borders, the text beside the symbol and under it, and keeps what is
// worth most: large modules and a large code, and the URI as text.
func (p *pairing) layout(n int, g Geometry) (ok bool) {
	for pixels := largeModule; pixels >= smallModule; pixels-- {
		before := 0
		for modules := 4; modules >= 2; modules-- {
			quiet := min(modules*pixels, (min(g.Width, g.Height)-n*pixels)/2)
			if quiet < leastQuiet(pixels) || quiet == before {
				continue
			}
			before = quiet
			factor := math.Pow(float64(pixels), 1.3) + 0.02*float64(quiet)
			for _, below := range [2]bool{false, true} {
				at, fits := withQR(n, pixels, quiet, below, g)
				if fits && p.text.stack(at.text, factor*at.nameFactor(g), &p.stack) {
					p.position, ok = at, true
				}
			}
		}
	}
	return ok
}

// leastQuiet is the least border in pixels that cameras take: a module at the smallest size, where
// each pixel counts, else two.
func leastQuiet(pixels int) int {
	if pixels == smallModule {
		return pixels
	}
	return 2 * pixels
}

// pages counts the pages: of the code, which is one where it fits, and of the URI if there was no room for
// it beside the code.
func (p *pairing) pages(g Geometry) (n pageCount) {
	n.first = 1
	if !p.whole {
		n.first = p.chunks(g)
	}
	if p.text.uri != "" && !p.stack.uri {
		m := p.where(g)
		n.further = m.pages()
	}
	return n
}

// where is the further page, which says where to enter the code. The QR code stays on it.
func (p *pairing) where(g Geometry) (m message) {
	kind := body
	if p.symbol.version > 0 {
		kind = note
	}
	m.add(block{text: p.words.open, role: kind, optional: true})
	m.add(block{text: p.text.uri, role: kind, free: true})
	m.layout(p.position.text, scalesFor(g.Width, g.Height))
	return m
}

func (p *pairing) draw(c canvas, g Geometry) {
	n := p.pages(g)
	page := g.Page % n.all()
	if p.symbol.version > 0 {
		c.drawQR(&p.symbol, p.position)
	}
	c.drawHeader(g, p.position.header)
	switch {
	case page >= n.first:
		m := p.where(g)
		m.draw(c, page-n.first)
	case !p.whole:
		p.drawChunk(c, g, page)
	default:
		p.stack.draw(c)
	}
}

// perPage is how many characters of a code too long for the panel go on each page.
func (p *pairing) perPage(g Geometry) int {
	for n := maxCode; n > 1; n-- {
		part := spell(firstRunes(p.text.code.text, n), g.Height)
		if _, ok := part.arrange(p.position.text.Dx(), p.position.text.Dy()); ok {
			return n
		}
	}
	return 1
}

func (p *pairing) chunks(g Geometry) int {
	n, per := utf8.RuneCountInString(p.text.code.text), p.perPage(g)
	return max(1, (n+per-1)/per)
}

func (p *pairing) drawChunk(c canvas, g Geometry, page int) {
	per, rest := p.perPage(g), p.text.code.text
	for range page {
		rest = rest[len(firstRunes(rest, per)):]
	}
	part := spell(firstRunes(rest, per), g.Height)
	s := stack{area: p.position.text, face: &text7}
	var ok bool
	if s.code, ok = part.arrange(s.area.Dx(), s.area.Dy()); ok {
		s.draw(c)
	}
}
