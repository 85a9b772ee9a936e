package display

import (
	"image"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxCode is how many characters of a user code are shown.
const maxCode = 64

// separators stand between the groups of a user code. Where a row ends at one it may be dropped.
const separators = "-–—_./:·• "

// printable drops what a panel cannot show and a reader cannot type: control and format characters,
// those for bidirectional text among them, and bytes that are no UTF-8. It ends after so many characters.
func printable(text string, most int) string {
	n := 0
	return strings.Map(func(r rune) rune {
		if n == most || r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		n++
		if unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, text)
}

// maxRows is how many rows a user code may take.
const maxRows = 8

// Least heights of a user code's capitals in pixels: under smallHeight panels are too low for more.
const (
	leastCapital = 10
	smallHeight  = 60
)

// codeText is a user code set in rows of one face.
type codeText struct {
	face   *face
	bounds extent // of the whole code, were it one row
	rows   [maxRows]string
	n      int  // rows
	torn   bool // within a group of characters
	width  int
}

// pitch is the distance of the baselines of two rows.
func (t *codeText) pitch() int { return t.rise() + max(2, t.face.capital()/5) }

func (t *codeText) rise() int { return t.bounds.bottom - t.bounds.top }

func (t *codeText) height() int { return (t.n-1)*t.pitch() + t.rise() }

// spelling is a user code with what is known of its characters.
type spelling struct {
	text   string
	faces  []*face
	draws  [len(codeFaces)]bool   // by face: it has all the characters
	bounds [len(codeFaces)]extent // by face
}

// spell prepares a code for a panel of the height.
func spell(code string, height int) (s spelling) {
	s.text, s.faces = printable(code, maxCode), codeFaces[:]
	if !isASCII(s.text) {
		s.faces = foreignFaces[:]
	}
	for i, f := range s.faces {
		legible := height < smallHeight || f.capital() >= leastCapital
		last := f == &text7 || f == &text11 && height >= smallHeight // draws boxes for what it does not have
		s.draws[i] = legible && (f.draws(s.text) || last)
		s.bounds[i] = f.measure(s.text)
	}
	return s
}

// arrange sets the code as large as the room allows: in one row, or broken between its groups, or, if
// that cannot be, anywhere.
func (s *spelling) arrange(width, height int) (best codeText, ok bool) {
	for _, anywhere := range [2]bool{false, true} {
		for n := 1; n <= maxRows; n++ {
			t := codeText{n: n, torn: anywhere}
			if !s.split(&t, anywhere) || !s.choose(&t, width, height) {
				continue
			}
			if !ok || t.value() > best.value() {
				best, ok = t, true
			}
		}
		if ok {
			return best, true
		}
	}
	return best, false
}

// value weighs a setting: one row is worth a third more than several, uneven ones are worth less.
func (t *codeText) value() int {
	if t.n == 1 {
		return t.face.capital() * 4
	}
	shortest, longest := maxCode, 0
	for _, row := range t.rows[:t.n] {
		n := utf8.RuneCountInString(row)
		shortest, longest = min(shortest, n), max(longest, n)
	}
	if 2*shortest <= longest {
		return t.face.capital() * 2
	}
	return t.face.capital() * 3
}

// split cuts the code into the rows of t, as even as possible; ok is false where it has too few places.
func (s *spelling) split(t *codeText, anywhere bool) (ok bool) {
	length := utf8.RuneCountInString(s.text)
	for limit := (length + t.n - 1) / t.n; limit <= length; limit++ {
		if n := s.fill(t, limit, anywhere); n == t.n {
			return true
		} else if n < t.n && n > 0 {
			return false // fewer rows do as well
		}
	}
	return false
}

// fill makes rows of at most limit characters and returns how many, 0 if that cannot be.
func (s *spelling) fill(t *codeText, limit int, anywhere bool) (n int) {
	rest := s.text
	for rest != "" {
		if n == t.n {
			return 0
		}
		row, next := cutRow(rest, limit, anywhere)
		if row == "" {
			return 0
		}
		t.rows[n] = row
		n++
		rest = next
	}
	return n
}

// cutRow takes a row of at most limit characters off the code: whole groups, or any. The separator that it
// ends at is dropped.
func cutRow(code string, limit int, anywhere bool) (row, rest string) {
	count, end := 0, 0
	for end < len(code) {
		n := firstGroup(code[end:])
		group := strings.TrimRight(code[end:end+n], separators)
		if count+utf8.RuneCountInString(group) > limit {
			break
		}
		count += utf8.RuneCountInString(code[end : end+n])
		end += n
	}
	switch {
	case end == len(code):
		return code, ""
	case anywhere:
		row = firstRunes(code, limit)
		return strings.TrimRight(row, separators), strings.TrimLeft(code[len(row):], separators)
	}
	return strings.TrimRight(code[:end], separators), code[end:]
}

// choose finds the largest face that holds the rows in the room.
func (s *spelling) choose(t *codeText, width, height int) bool {
	for i, f := range s.faces {
		t.face, t.bounds = f, s.bounds[i]
		if !s.draws[i] || t.height() > height {
			continue
		}
		if t.width = t.widest(); t.width <= width {
			return true
		}
	}
	return false
}

// widest is the width of the longest row.
func (t *codeText) widest() (w int) {
	for _, row := range t.rows[:t.n] {
		w = max(w, t.face.row(row).width())
	}
	return w
}

// longGroup is how many characters people take in at once. Longer runs without a separator are divided by
// white into groups of three to five; nothing is inserted.
const longGroup = 5

// firstGroup is the length in bytes of a row's first group, with the separator that ends it.
func firstGroup(row string) int {
	run := 0 // characters without a separator
	for i, r := range row {
		if strings.ContainsRune(separators, r) {
			if run <= longGroup {
				return i + utf8.RuneLen(r)
			}
			break
		}
		run++
	}
	switch {
	case run <= longGroup:
		return len(row)
	case run == 9:
		return len(firstRunes(row, 3))
	}
	groups := (run + longGroup - 1) / longGroup
	return len(firstRunes(row, (run+groups-1)/groups))
}

// row gives the extent of a row of a code, the white between its groups included.
func (f face) row(row string) (e extent) {
	pen := 0
	for row != "" {
		n := firstGroup(row)
		g := f.measure(row[:n])
		e.left, e.right = min(e.left, pen+g.left), max(e.right, pen+g.right)
		e.top, e.bottom = min(e.top, g.top), max(e.bottom, g.bottom)
		pen += f.groupAdvance(row[:n])
		row = row[n:]
	}
	return e
}

// groupAdvance is from the start of a group to that of the next.
func (f face) groupAdvance(group string) (pen int) {
	last := rune(0)
	for _, r := range group {
		pen += f.advance(r)
		last = r
	}
	if strings.ContainsRune(separators, last) {
		return pen
	}
	return pen + max(3, f.capital()/3)
}

// row draws a row of a code into the middle of the width of r.
func (c canvas) row(f face, row string, r image.Rectangle, baseline int) {
	e := f.row(row)
	x := r.Min.X + (r.Dx()-e.width())/2 - e.left
	for row != "" {
		n := firstGroup(row)
		c.text(f, row[:n], x, baseline, c.ink)
		x += f.groupAdvance(row[:n])
		row = row[n:]
	}
}

// firstRunes is the text up to its n-th character.
func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
