package display

// face is a font rasterised by internal/fontgen: three bytes of metrics, the number of glyphs, nine bytes
// for each glyph in order of the characters, then the ink.
type face string

const (
	faceHeader  = 5
	glyphRecord = 9
)

// glyph is one character of a face. Its box of w by h pixels lies x right of the pen and y under the
// baseline; the pen then moves on by advance.
type glyph struct {
	ink           string // a bit a pixel, row by row
	advance, x, y int
	w, h          int
}

func (f face) capital() int { return int(f[0]) } // height of capitals and figures, in pixels
func (f face) space() int   { return int(f[1]) } // advance of a space
func (f face) leading() int { return int(f[2]) } // from baseline to baseline

func (f face) count() int { return int(f[3])<<8 | int(f[4]) }

func (f face) rune(i int) rune {
	at := faceHeader + i*glyphRecord
	return rune(f[at])<<8 | rune(f[at+1])
}

// glyph finds the picture of r.
func (f face) glyph(r rune) (glyph, bool) {
	i := f.index(r)
	if i == f.count() || f.rune(i) != r {
		return glyph{}, false
	}
	rec := f[faceHeader+i*glyphRecord+2:]
	ink := faceHeader + f.count()*glyphRecord + (int(rec[0])<<8 | int(rec[1]))
	return glyph{
		ink:     string(f[ink:]),
		advance: int(rec[2]), x: int(int8(rec[3])), y: int(int8(rec[4])),
		w: int(rec[5]), h: int(rec[6]),
	}, true
}

// index is where r is among the glyphs, or would be.
func (f face) index(r rune) int {
	if i := int(r - '!'); 0 <= i && i < f.count() && f.rune(i) == r {
		return i // most faces have all of ASCII
	}
	low, high := 0, f.count()
	for low < high {
		if mid := (low + high) / 2; f.rune(mid) < r {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// dot reports whether the pixel at column x and row y of the box is inked.
func (g glyph) dot(x, y int) bool {
	i := y*g.w + x
	return g.ink[i/8]&(0x80>>(i%8)) != 0
}

// draws reports whether the face can draw the text whole.
func (f face) draws(text string) bool {
	for _, r := range text {
		if _, ok := f.glyph(r); !ok && !isSpace(r) {
			return false
		}
	}
	return true
}

// Draws reports whether panels can show the text whole: Latin letters with all their accents, figures and
// punctuation. A character that they cannot show becomes a box.
func Draws(text string) bool { return text9.draws(text) }

// find is glyph with a box for what the face cannot draw.
func (f face) find(r rune) glyph {
	if g, ok := f.glyph(r); ok {
		return g
	}
	return f.box()
}

// box stands for a character that the face does not have.
func (f face) box() glyph {
	w := f.capital() * 2 / 3
	return glyph{advance: w + 2, y: -f.capital(), w: w, h: f.capital()}
}

// extent is the room that a line of text takes.
type extent struct {
	left, right int // of the ink, from the pen's start; left is 0 or less where a glyph leans out
	top, bottom int // of the ink, from the baseline, downwards
}

func (e extent) width() int { return e.right - e.left }

// noBreak is the space between what stays on one line.
const noBreak = '\u00a0'

func isSpace(r rune) bool { return r == ' ' || r == noBreak }

// advance is how far a character moves the pen.
func (f face) advance(r rune) int {
	if isSpace(r) {
		return f.space()
	}
	return f.find(r).advance
}

// measure gives the extent of a line of text.
func (f face) measure(text string) (e extent) {
	pen := 0
	for _, r := range text {
		if isSpace(r) {
			pen += f.space()
			continue
		}
		g := f.find(r)
		e.left = min(e.left, pen+g.x)
		e.right = max(e.right, pen+g.x+g.w)
		e.top = min(e.top, g.y)
		e.bottom = max(e.bottom, g.y+g.h)
		pen += g.advance
	}
	return e
}
