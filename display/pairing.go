package display

import (
	"strconv"
	"time"
)

// pairing is the pairing screen, laid out.
type pairing struct {
	words   *words
	text    pairingText
	content string // of the QR code
	symbol  symbol
	place   place
	stack   stack
	whole   bool // the code fits one page
}

// set chooses the QR code and the layout. The complete URI is in the QR code whenever it fits, even
// where the plain one would be larger.
func (p *pairing) set(k *symbols, s Pairing, g Geometry) {
	p.words, p.content = in(g.Language), contentNone
	complete, plain := ASCIIURI(s.VerificationURIComplete), ASCIIURI(s.VerificationURI)
	p.text = pairingText{
		lead: p.words.scan, uri: readable(plain), enter: p.words.enter, code: spell(s.UserCode),
		scratch: make([]line, 0, roomFor),
	}
	p.stack.lines = make([]line, 0, roomFor)
	if s.Left > 0 && !g.Paper && g.Height >= airy {
		p.text.left = with(p.words.left, remaining(s.Left))
	}
	switch {
	case p.encode(k, complete, contentComplete, g):
	case p.encode(k, upperHost(complete), contentUpper, g):
	case p.encode(k, plain, contentPlain, g):
	case p.encode(k, upperHost(plain), contentPlain, g):
	default:
		p.text.lead = p.words.open
		p.whole = p.text.stack(textArea(g), 1, &p.stack)
	}
}

// airy is the height in pixels from which on there is room for the time left.
const airy = 80

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
			factor := float64(pixels) + 0.02*float64(quiet)
			for _, below := range [2]bool{false, true} {
				at, fits := besides(n, pixels, quiet, below, g)
				if fits && p.text.stack(at.text, factor, &p.stack) {
					p.place, ok = at, true
				}
			}
		}
	}
	return ok
}

// leastQuiet is the least border in pixels that cameras take: a module at the smallest size, where
// pixels are dear, else two.
func leastQuiet(pixels int) int {
	if pixels == smallModule {
		return pixels
	}
	return 2 * pixels
}

// pages counts the pages: the code first, whole where it can be, then the URI if there was no room for it.
func (p *pairing) pages(g Geometry) int {
	n := 1
	if !p.whole {
		n = p.chunks(g)
	}
	if p.text.uri != "" && !p.stack.uri {
		m := p.where()
		m.set(g)
		_, _, more := m.page(0)
		n += more
	}
	return n
}

// where is the further page, which tells where to enter the code.
func (p *pairing) where() (m message) {
	m.add(block{text: p.words.open, optional: true})
	m.add(block{text: p.text.uri, head: true, free: true})
	m.add(block{text: p.words.enter + " " + p.text.code.text, free: true, optional: true})
	return m
}

func (p *pairing) draw(c canvas, g Geometry) {
	codes := 1
	if !p.whole {
		codes = p.chunks(g)
	}
	page := g.Page
	if page > 0 {
		page %= p.pages(g)
	}
	switch {
	case page >= codes:
		m := p.where()
		m.set(g)
		m.draw(c, page-codes)
	case !p.whole:
		p.drawChunk(c, g, page)
	default:
		if p.symbol.version > 0 {
			c.drawQR(&p.symbol, p.place)
		}
		p.stack.draw(c)
	}
}

// perPage is how many characters of a code too long for the panel go on each page.
func (p *pairing) perPage(g Geometry) int {
	area := inner(g)
	for n := maxCode; n > 1; n-- {
		part := spell(firstRunes(p.text.code.text, n))
		if _, ok := part.arrange(area.Dx(), area.Dy()); ok {
			return n
		}
	}
	return 1
}

func (p *pairing) chunks(g Geometry) int {
	n, per := len([]rune(p.text.code.text)), p.perPage(g)
	return max(1, (n+per-1)/per)
}

func (p *pairing) drawChunk(c canvas, g Geometry, page int) {
	runes, per := []rune(p.text.code.text), p.perPage(g)
	part := spell(string(runes[min(page*per, len(runes)):min((page+1)*per, len(runes))]))
	s := stack{area: inner(g), face: &text7}
	var ok bool
	if s.code, ok = part.arrange(s.area.Dx(), s.area.Dy()); ok {
		s.draw(c)
	}
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
