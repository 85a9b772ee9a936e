package display

import (
	"strings"
	"unicode/utf8"
)

// line is a line of text with its room.
type line struct {
	text string
	extent
}

// Places to break a word that is too wide for a row, by preference: behind one of the strong
// characters, behind one of the weak ones.
const (
	strongBreaks = "/?#&@"
	weakBreaks   = ".-=_:,;+"
)

// breaking says where a word that is too wide may be broken.
type breaking uint8

const (
	never    breaking = iota
	atBreaks          // behind a strong character or, if there are none, a weak one
	anywhere          // or behind any other
)

// wrap appends the lines of text that fit width, broken at spaces, and where they must be within words;
// ok is false where a word is too wide.
func wrap(lines []line, f face, text string, width int, within breaking) (_ []line, ok bool) {
	for text = strings.TrimLeft(text, " "); text != ""; text = strings.TrimLeft(text, " ") {
		n := take(f, text, width, within)
		if n == 0 {
			return lines, false
		}
		t := strings.TrimRight(text[:n], " ")
		lines = append(lines, line{t, f.measure(t)})
		text = text[n:]
	}
	return lines, true
}

// take is the number of bytes of text that make the next line, 0 if none can.
func take(f face, text string, width int, within breaking) int {
	var at struct{ space, strong, weak, last int } // the last places to break
	pen := 0
	for i, r := range text {
		if isSpace(r) {
			if r != noBreak {
				at.space = i
			}
			pen += f.space()
			continue
		}
		g := f.find(r)
		if pen+g.x+g.w > width {
			switch {
			case at.space > 0:
				return at.space
			case within == never:
				return 0
			case at.strong > 0:
				return at.strong
			case at.weak > 0 || within == atBreaks:
				return at.weak
			}
			return at.last
		}
		pen += g.advance
		at.last = i + utf8.RuneLen(r)
		if strings.ContainsRune(strongBreaks, r) {
			at.strong = at.last
		} else if strings.ContainsRune(weakBreaks, r) {
			at.weak = at.last
		}
	}
	return len(text)
}

// balanced wraps at spaces only, then narrows the lines as long as they do not become more.
func balanced(lines []line, f face, text string, width int) ([]line, bool) {
	before := len(lines)
	best, ok := wrap(lines, f, text, width, never)
	if !ok || len(best) == before+1 {
		return best, ok
	}
	low, high := width/2, width // the narrowest width that needs no more lines
	for low < high {
		mid := (low + high) / 2
		if try, ok := wrap(lines, f, text, mid, never); ok && len(try) == len(best) {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return wrap(lines, f, text, high, never)
}

// shortened appends at most rows lines of text, the last of which ends with an ellipsis.
func shortened(lines []line, f face, text string, width, rows int) []line {
	for ; rows > 1; rows-- {
		n := take(f, text, width, anywhere)
		t := strings.TrimRight(text[:n], " ")
		lines = append(lines, line{t, f.measure(t)})
		text = strings.TrimLeft(text[n:], " ")
	}
	return append(lines, clipped(f, text, width))
}

// clipped is the text in one line, which ends with an ellipsis if the text is too wide.
func clipped(f face, text string, width int) line {
	const ellipsis = "…"
	if e := f.measure(text); e.width() <= width {
		return line{text, e}
	}
	room, pen, end := width-f.measure(ellipsis).right, 0, 0
	for i, r := range text {
		if pen += f.advance(r); pen > room {
			break
		}
		end = i + utf8.RuneLen(r)
	}
	text = strings.TrimRight(text[:end], " ") + ellipsis
	return line{text, f.measure(text)}
}
