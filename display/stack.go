package display

import (
	"image"
	"math"
)

// stack is the text of the pairing screen: what to do, where, and the code, from top to bottom.
type stack struct {
	area  image.Rectangle
	face  *face // of all but the code
	lines []line
	split int // so many lines stand above the code, the others under it
	code  codeText
	uri   bool    // the URI is among the lines
	worth float64 // the larger the better
}

// part says what to put around the code.
type part struct {
	lead, uri, enter, left bool
	worth                  float64
}

// parts are tried all; the room decides. A line costs 7 % of the worth.
var parts = [...]part{
	{lead: true, uri: true, enter: true, left: true, worth: 2.3},
	{lead: true, uri: true, enter: true, worth: 2.1},
	{lead: true, uri: true, left: true, worth: 2.05},
	{lead: true, uri: true, worth: 1.9},
	{uri: true, left: true, worth: 1.75},
	{uri: true, worth: 1.6},
	{left: true, worth: 1.1},
	{worth: 1},
}

// pairingText is what a stack is made of.
type pairingText struct {
	lead, uri, enter, left string
	room                   string // the widest that left becomes
	code                   spelling
	faces                  []*face // for the lines around the code, the first that does
	needURI                bool    // there is no other page for it
	scratch                []line  // for the next try
}

// Heights of the code's capitals in pixels: under smallCode each pixel counts in full, from largeCode on
// larger brings nothing.
const (
	smallCode = 24
	largeCode = 40
)

// smallerFace is what lines in the next smaller face are worth: only where nothing else holds the URI.
const smallerFace = 0.6

// worth of a code set so; one torn within its groups is hard to type.
func (t *codeText) worth() float64 {
	capital := float64(min(t.face.capital(), largeCode))
	if t.torn {
		capital /= 2
	}
	if capital < smallCode {
		return math.Sqrt(smallCode) * capital / smallCode
	}
	return math.Sqrt(capital)
}

// stack finds the text for the area that is worth most times a factor, and keeps it in best if that is
// worth more than what is there; kept is false if it is not, or not even the code fits.
func (t *pairingText) stack(area image.Rectangle, factor float64, best *stack) (kept bool) {
	for _, f := range t.faces {
		for _, p := range parts {
			value := factor * p.worth
			if !t.has(p) || value*math.Sqrt(largeCode) <= best.worth {
				continue
			}
			if p.uri && len(t.uri)*f.capital()*2/5*f.leading() > area.Dx()*area.Dy() {
				continue // not worth a try
			}
			s := stack{area: area, face: f, lines: t.scratch[:0]}
			if !s.set(t, p) {
				continue
			}
			s.worth = value * s.code.worth() * math.Pow(0.93, float64(len(s.lines)))
			if !p.uri && !t.uriFits(*f, area) {
				s.worth /= 2
			}
			if s.worth > best.worth {
				t.scratch = best.lines
				*best, kept = s, true
			}
		}
		factor *= smallerFace
	}
	return kept
}

// uriFits reports whether the area holds the URI on one further page.
func (t *pairingText) uriFits(f face, area image.Rectangle) bool {
	rows := 0
	for rest := t.uri; rest != ""; rows++ {
		n := take(f, rest, area.Dx(), anywhere)
		if n == 0 {
			return false
		}
		rest = rest[n:]
	}
	return rows*f.leading() <= area.Dy()
}

// has reports whether there is what a part asks for, and what it lacks can be left out.
func (t *pairingText) has(p part) bool {
	return (!p.left || t.left != "") && (!p.uri || t.uri != "") && (p.uri || !t.needURI || t.uri == "")
}

// set wraps the lines and gives the code what they leave.
func (s *stack) set(t *pairingText, p part) (ok bool) {
	width := s.area.Dx()
	ok = true
	if p.lead {
		s.lines, ok = balanced(s.lines, *s.face, t.lead, width)
	}
	if p.uri && ok {
		s.lines, ok = wrap(s.lines, *s.face, t.uri, width, atBreaks)
	}
	if p.enter && ok {
		s.lines, ok = balanced(s.lines, *s.face, t.enter, width)
	}
	s.split, s.uri = len(s.lines), p.uri
	if p.left && ok {
		ok = s.face.measure(t.room).width() <= width
		s.lines = append(s.lines, line{t.left, s.face.measure(t.left)})
	}
	if !ok {
		return false
	}
	s.code, ok = t.code.arrange(width, s.area.Dy()-s.around())
	return ok && (len(s.lines) == 0 || s.code.face.capital() > s.face.capital())
}

// gap is the white between the lines and the code.
func (s *stack) gap() int { return max(3, s.face.capital()/2+1) }

// around is the height of all but the code.
func (s *stack) around() int {
	h := s.height(0, s.split) + s.height(s.split, len(s.lines))
	if s.split > 0 {
		h += s.gap()
	}
	if s.split < len(s.lines) {
		h += s.gap()
	}
	return h
}

func (s *stack) height(from, to int) int {
	if from == to {
		return 0
	}
	return (to-from-1)*s.face.leading() + s.lines[to-1].bottom - s.lines[from].top
}

// draw sets the stack into the middle of its area.
func (s *stack) draw(c canvas) {
	spare := s.area.Dy() - s.around() - s.code.height()
	y := s.area.Min.Y + spare/2
	y = s.drawLines(c, y, 0, s.split)
	if s.split > 0 {
		y += s.gap()
	}
	y = s.drawCode(c, y)
	if s.split < len(s.lines) {
		s.drawLines(c, y+s.gap(), s.split, len(s.lines))
	}
}

// drawLines draws some lines with their ink from y on and returns where it ends.
func (s *stack) drawLines(c canvas, y, from, to int) int {
	if from == to {
		return y
	}
	baseline := y - s.lines[from].top
	for _, l := range s.lines[from:to] {
		c.centred(*s.face, l, s.area, baseline)
		baseline += s.face.leading()
	}
	return y + s.height(from, to)
}

func (s *stack) drawCode(c canvas, y int) int {
	baseline := y - s.code.bounds.top
	for _, row := range s.code.rows[:s.code.n] {
		c.row(*s.code.face, row, s.area, baseline)
		baseline += s.code.pitch()
	}
	return y + s.code.height()
}
