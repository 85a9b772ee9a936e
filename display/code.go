package display

import (
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
	text    string
	grouped bool // there are separators
	faces   []*face
	draws   [len(codeFaces)]bool   // by face: it has all the characters
	bounds  [len(codeFaces)]extent // by face
}

func spell(code string) (s spelling) {
	s.text, s.faces = printable(code, maxCode), codeFaces[:]
	if !isASCII(s.text) {
		s.faces = foreignFaces[:]
	}
	s.grouped = strings.ContainsAny(s.text, separators)
	for i, f := range s.faces {
		s.draws[i] = f == &text7 || f.draws(s.text) // the last face draws boxes for what it does not know
		s.bounds[i] = f.measure(s.text)
	}
	return s
}

// arrange sets the code as large as the room allows: in one row, or broken at its separators, or, if
// that cannot be, anywhere. One row is worth a third more than several.
func (s *spelling) arrange(width, height int) (best codeText, ok bool) {
	for _, anywhere := range [2]bool{!s.grouped, true} {
		for n := 1; n <= maxRows; n++ {
			t := codeText{n: n, torn: anywhere && s.grouped}
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

// value weighs a setting.
func (t *codeText) value() int {
	if t.n == 1 {
		return t.face.capital() * 4
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

// cutRow takes a row of at most limit characters off the code; the separator it ends at is dropped.
func cutRow(code string, limit int, anywhere bool) (row, rest string) {
	count, at, behind := 0, 0, 0
	for i, r := range code {
		separator := i > 0 && strings.ContainsRune(separators, r)
		if separator && i+utf8.RuneLen(r) < len(code) {
			at, behind = i, i+utf8.RuneLen(r)
		}
		if count == limit {
			if anywhere && !separator {
				return code[:i], code[i:]
			}
			return code[:at], code[behind:]
		}
		count++
	}
	return code, ""
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

// widest is the width of the longest row; rows of a monospaced face need not be measured.
func (t *codeText) widest() (w int) {
	for _, row := range t.rows[:t.n] {
		if t.face.monospaced() {
			w = max(w, utf8.RuneCountInString(row)*t.face.space())
		} else {
			w = max(w, t.face.measure(row).width())
		}
	}
	return w
}
