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

// part tells what to put around the code.
type part struct {
	lead, uri, enter, left bool
	worth                  float64
}

// parts are tried all; the room decides. A line costs 7 % of the worth.
var parts = [...]part{
	{lead: true, uri: true, enter: true, left: true, worth: 2.8},
	{lead: true, uri: true, enter: true, worth: 2.55},
	{lead: true, uri: true, left: true, worth: 2.55},
	{lead: true, uri: true, worth: 2.3},
	{uri: true, worth: 1.95},
	{worth: 1},
}

// stackFaces are tried for the lines around the code.
var stackFaces = [...]struct {
	face  *face
	worth float64
}{{&text15, 1.06}, {&text11, 1.03}, {&text9, 1}, {&text7, 0.9}}

// pairingText is what a stack is made of.
type pairingText struct {
	lead, uri, enter, left string
	code                   spelling
	scratch                []line // for the next try
}

// Heights of the code's capitals in pixels: under smallCode each pixel counts in full, from largeCode on
// larger brings nothing.
const (
	smallCode = 16
	largeCode = 30
)

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
	for _, f := range stackFaces {
		for _, p := range parts {
			value := factor * p.worth * f.worth
			if p.left && t.left == "" || p.uri && t.uri == "" || value*math.Sqrt(largeCode) <= best.worth {
				continue
			}
			if p.uri && len(t.uri)*f.face.capital()*2/5*f.face.leading() > area.Dx()*area.Dy() {
				continue // not worth a try
			}
			s := stack{area: area, face: f.face, lines: t.scratch[:0]}
			if !s.set(t, p) {
				continue
			}
			s.worth = value * s.code.worth() * math.Pow(0.93, float64(len(s.lines)))
			if s.worth > best.worth {
				t.scratch = best.lines
				*best, kept = s, true
			}
		}
	}
	return kept
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
		s.lines, ok = balanced(s.lines, *s.face, t.left, width)
	}
	if !ok {
		return false
	}
	s.code, ok = t.code.arrange(width, s.area.Dy()-s.around())
	return ok
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
	f := *s.code.face
	baseline := y - s.code.bounds.top
	for _, row := range s.code.rows[:s.code.n] {
		c.centred(f, line{row, f.measure(row)}, s.area, baseline)
		baseline += s.code.pitch()
	}
	return y + s.code.height()
}
