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
	room  [12]line
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

// parts are tried all; the room decides.
var parts = [...]part{
	{lead: true, uri: true, enter: true, left: true, worth: 1.74},
	{lead: true, uri: true, enter: true, worth: 1.70},
	{lead: true, uri: true, left: true, worth: 1.69},
	{lead: true, uri: true, worth: 1.65},
	{uri: true, worth: 1.5},
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
}

// largeCode is the height of the code's capitals from which on larger brings nothing, in pixels.
const largeCode = 30

// stack finds the best text for the area; ok is false where not even the code fits.
func (t *pairingText) stack(area image.Rectangle) (best stack, ok bool) {
	for _, f := range stackFaces {
		for _, p := range parts {
			if p.left && t.left == "" || p.uri && t.uri == "" {
				continue
			}
			var s stack
			s.area, s.face = area, f.face
			if s.set(t, p) {
				s.worth = p.worth * f.worth * math.Sqrt(float64(min(s.code.face.capital(), largeCode)))
				if !ok || s.worth > best.worth {
					best, ok = s, true
				}
			}
		}
	}
	if ok {
		best.lines = best.room[:len(best.lines)]
	}
	return best, ok
}

// set wraps the lines and gives the code what they leave.
func (s *stack) set(t *pairingText, p part) bool {
	s.lines = s.room[:0]
	width := s.area.Dx()
	ok := true
	put := func(wanted bool, text, breaks string) {
		if wanted && ok {
			s.lines, ok = balanced(s.lines, *s.face, text, width, breaks, false)
		}
	}
	put(p.lead, t.lead, "")
	put(p.uri, t.uri, uriBreaks)
	put(p.enter, t.enter, "")
	s.split, s.uri = len(s.lines), p.uri
	put(p.left, t.left, "")
	if !ok || len(s.lines) > len(s.room) {
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
func (s *stack) draw(c canvas, code spelling) {
	spare := s.area.Dy() - s.around() - s.code.height
	y := s.area.Min.Y + spare/2
	y = s.draw1(c, y, 0, s.split)
	if s.split > 0 {
		y += s.gap()
	}
	y = s.drawCode(c, y, code)
	if s.split < len(s.lines) {
		s.draw1(c, y+s.gap(), s.split, len(s.lines))
	}
}

// draw1 draws some lines with their ink from y on and returns where it ends.
func (s *stack) draw1(c canvas, y, from, to int) int {
	if from == to {
		return y
	}
	baseline := y - s.lines[from].top
	for _, l := range s.lines[from:to] {
		x := s.area.Min.X + (s.area.Dx()-l.width())/2 - l.left
		c.text(*s.face, l.text, x, baseline, c.ink)
		baseline += s.face.leading()
	}
	return y + s.height(from, to)
}

func (s *stack) drawCode(c canvas, y int, code spelling) int {
	f := s.code.face
	baseline := y + f.capital()
	for _, row := range s.code.rows[:s.code.n] {
		e := f.measure(row)
		c.text(*f, row, s.area.Min.X+(s.area.Dx()-e.right)/2, baseline, c.ink)
		baseline += s.code.pitch(code.hang(f))
	}
	return y + s.code.height
}
