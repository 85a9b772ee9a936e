package display

import (
	"strconv"
	"time"

	"github.com/paird/paird/display/internal/qr"
)

// pairing is the pairing screen, laid out.
type pairing struct {
	words   *words
	text    pairingText
	content string // of the QR code
	symbol  qr.Symbol
	place   place
	stack   stack
	whole   bool // the code fits one page
}

// newPairing chooses the QR code and the layout. The complete URI is in the QR code whenever it fits,
// even where the plain one would be larger.
func newPairing(s Pairing, g Geometry) *pairing {
	w := in(g.Language)
	p := &pairing{words: w, content: contentNone}
	p.text = pairingText{lead: w.scan, uri: readable(s.VerificationURI), enter: w.enter, code: spell(s.UserCode)}
	if s.Left > 0 && !g.Paper {
		p.text.left = with(w.left, remaining(s.Left))
	}
	switch {
	case p.encode(s.VerificationURIComplete, contentComplete, g):
	case p.encode(upperHost(s.VerificationURIComplete), contentUpper, g):
	case p.encode(s.VerificationURI, contentPlain, g):
	case p.encode(upperHost(s.VerificationURI), contentPlain, g):
	default:
		p.text.lead = w.open
		p.stack, p.whole = p.text.stack(inner(g))
	}
	return p
}

// remaining is a time for people: whole minutes, seconds in the last one.
func remaining(d time.Duration) string {
	if d > time.Minute {
		return strconv.Itoa(int((d+time.Minute-1)/time.Minute)) + " min"
	}
	return seconds(d) + " s"
}

// encode lays out the screen with a QR code of the text; ok is false where none can be.
func (p *pairing) encode(text, content string, g Geometry) (ok bool) {
	if text == "" {
		return false
	}
	limit := (min(g.Width, g.Height)/smallModule - 2 - 17) / 4
	version, _, ok := qr.Fit(text, limit)
	if !ok || !p.layout(qr.Size(version), g) {
		return false
	}
	p.symbol, _ = qr.Encode(text, version)
	p.content, p.whole = content, true
	return true
}

// layout tries sizes of modules and borders, the text beside the symbol and under it, and keeps what is
// worth most: large modules and a large code, and the URI as text.
func (p *pairing) layout(n int, g Geometry) (ok bool) {
	best := 0.0
	for pixels := largeModule; pixels >= smallModule; pixels-- {
		least := 2 * pixels
		if pixels == smallModule {
			least = pixels
		}
		for _, below := range [2]bool{false, true} {
			before := -1
			for _, modules := range [3]int{4, 3, 2} {
				quiet := min(modules*pixels, (min(g.Width, g.Height)-n*pixels)/2)
				if quiet < least || quiet == before {
					continue
				}
				before = quiet
				at, fits := besides(n, pixels, quiet, below, g)
				if !fits {
					continue
				}
				if s, fits := p.text.stack(at.text); fits {
					worth := s.worth * float64(pixels) * (1 + 0.02*float64(quiet)/float64(pixels))
					if worth > best {
						best, ok = worth, true
						p.place, p.stack = at, s
					}
				}
			}
		}
	}
	return ok
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
	m.add(block{text: p.words.open})
	m.add(block{text: p.text.uri, head: true, free: true})
	m.add(block{text: p.words.enter + " " + p.text.code.text, free: true, optional: true})
	return m
}

func (p *pairing) draw(c canvas, g Geometry) {
	codes := 1
	if !p.whole {
		codes = p.chunks(g)
	}
	page := g.Page % p.pages(g)
	switch {
	case page >= codes:
		m := p.where()
		m.set(g)
		m.draw(c, page-codes)
	case !p.whole:
		p.drawChunk(c, g, page)
	default:
		if p.symbol.Version > 0 {
			c.drawQR(&p.symbol, p.place)
		}
		p.stack.lines = p.stack.room[:len(p.stack.lines)]
		p.stack.draw(c, p.text.code)
	}
}

// perPage is how many characters of a code too long for the panel go on each page.
func (p *pairing) perPage(g Geometry) int {
	area := inner(g)
	for n := maxCode; n > 1; n-- {
		part := spelling{text: firstRunes(p.text.code.text, n), descender: true}
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
		s.draw(c, part)
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
