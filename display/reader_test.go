package display

import (
	"image"
	"strings"
)

// This file reads a user code back from a picture by matching the glyphs of the faces pixel by pixel.
// It knows nothing of where the layout puts things.

// page is a picture as ink and ground.
type page struct {
	w, h    int
	ink     []bool
	corners []image.Point // ink without ink above and to the left, where a glyph may begin
}

// newPage takes the picture without the QR code's place, whose light border is no ink.
func newPage(m *image.Paletted, g Geometry, without image.Rectangle) page {
	p := page{w: g.Width, h: g.Height, ink: make([]bool, g.Width*g.Height)}
	for y := range p.h {
		for x := range p.w {
			on := (m.ColorIndexAt(x, y) == white) != g.Paper
			on = on && !image.Pt(x, y).In(without)
			p.ink[y*p.w+x] = on
			if on && !p.at(x-1, y) && !p.at(x, y-1) {
				p.corners = append(p.corners, image.Pt(x, y))
			}
		}
	}
	return p
}

func (p page) at(x, y int) bool {
	return 0 <= x && x < p.w && 0 <= y && y < p.h && p.ink[y*p.w+x]
}

// shows reports whether the glyph stands with the pen at x, y: whole, inside the picture and touching
// nothing.
func (p page) shows(gl glyph, x, y int) bool {
	left, top := x+gl.x, y+gl.y
	if left < 0 || top < 0 || left+gl.w > p.w || top+gl.h > p.h {
		return false
	}
	for j := range gl.h {
		for i := range gl.w {
			if p.at(left+i, top+j) != gl.dot(i, j) {
				return false
			}
		}
	}
	for i := range gl.w {
		if p.at(left+i, top-1) || p.at(left+i, top+gl.h) {
			return false
		}
	}
	for j := range gl.h {
		if p.at(left-1, top+j) || p.at(left+gl.w, top+j) {
			return false
		}
	}
	return true
}

// read reports whether the code stands in the picture in one face, row by row from the top; where a row
// ends one separator may be missing.
func (p page) read(code string) bool {
	for _, f := range append(codeFaces[:], foreignFaces[:]...) {
		if f.draws(code) && p.rows(*f, code, 0) {
			return true
		}
	}
	return false
}

// rows looks for the beginning of the code below a line of pixels and follows it.
func (p page) rows(f face, code string, below int) bool {
	if code == "" {
		return true
	}
	first, ok := f.glyph([]rune(code)[0])
	if !ok {
		return false
	}
	dot := 0 // the first inked one
	for !first.dot(dot, 0) {
		dot++
	}
	for _, corner := range p.corners {
		x, y := corner.X-first.x-dot, corner.Y-first.y
		if y < below || !p.shows(first, x, y) {
			continue
		}
		n := p.follow(f, code, x, y)
		rest := code[n:]
		if p.rows(f, rest, y+f.capital()/2) {
			return true
		}
		if rest != "" && strings.ContainsAny(rest[:1], separators) && p.rows(f, rest[1:], y+f.capital()/2) {
			return true
		}
	}
	return false
}

// follow counts the characters that stand side by side.
func (p page) follow(f face, code string, x, y int) (n int) {
	white := max(3, f.capital()/3) // between the groups of a long run
	for i, r := range code {
		if r == ' ' {
			x += f.space()
			continue
		}
		gl, ok := f.glyph(r)
		if ok && !p.shows(gl, x, y) && i > 0 {
			x += white
		}
		if !ok || !p.shows(gl, x, y) {
			return i
		}
		x += gl.advance
	}
	return len(code)
}
