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

// wrap appends the lines of text that fit width, broken at spaces; ok is false where a word is wider.
// With parts set, words too wide are broken after any of the characters in parts, or else anywhere.
func wrap(lines []line, f face, text string, width int, parts string, anywhere bool) (_ []line, ok bool) {
	for text = strings.TrimLeft(text, " "); text != ""; text = strings.TrimLeft(text, " ") {
		n := take(f, text, width, parts, anywhere)
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
func take(f face, text string, width int, parts string, anywhere bool) int {
	pen, right, space, part, last := 0, 0, 0, 0, 0
	for i, r := range text {
		if r == ' ' {
			space = i
			pen += f.space()
			continue
		}
		g, ok := f.glyph(r)
		if !ok {
			g = f.box()
		}
		if right = max(right, pen+g.x+g.w); right > width {
			return cut(space, part, last, anywhere)
		}
		pen += g.advance
		last = i + utf8.RuneLen(r)
		if strings.ContainsRune(parts, r) {
			part = last
		}
	}
	return len(text)
}

// cut chooses where to break a line: at the last space, else behind the last character of parts, else,
// where that is allowed, behind the last one that fits.
func cut(space, part, last int, anywhere bool) int {
	switch {
	case space > 0:
		return space
	case part > 0:
		return part
	case anywhere:
		return last
	}
	return 0
}

// balanced wraps like wrap, then narrows the lines as long as they do not become more.
func balanced(lines []line, f face, text string, width int, parts string, anywhere bool) ([]line, bool) {
	before := len(lines)
	best, ok := wrap(lines, f, text, width, parts, anywhere)
	if !ok || len(best) == before+1 {
		return best, ok
	}
	count := len(best)
	low, high := width/2, width // the narrowest width that needs no more lines
	for low < high {
		mid := (low + high) / 2
		if try, ok := wrap(lines, f, text, mid, parts, false); ok && len(try) == count {
			high = mid
		} else {
			low = mid + 1
		}
	}
	if high < width {
		return wrap(lines, f, text, high, parts, false)
	}
	return wrap(lines, f, text, width, parts, anywhere)
}
