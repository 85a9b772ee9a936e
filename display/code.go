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

// printable drops what a panel cannot show and a reader cannot type: control and format characters.
func printable(code string) string {
	n := 0
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError || n == maxCode {
			return -1
		}
		n++
		if unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, code)
}

// maxRows is how many rows a user code may take.
const maxRows = 8

// codeText is a user code set in rows of one face.
type codeText struct {
	face          *face
	rows          [maxRows]string
	n             int  // rows
	torn          bool // within a group of characters
	width, height int
}

// pitch is the distance of the baselines of two rows.
func (t *codeText) pitch(descender int) int {
	return t.face.capital() + max(2, t.face.capital()/5) + descender
}

// spelling is a user code with what is known of its characters.
type spelling struct {
	text      string
	usual     bool // only characters that the largest faces have
	ascii     bool
	descender bool // something hangs under the baseline
	grouped   bool // there are separators
}

func spell(code string) spelling {
	s := spelling{text: printable(code), usual: true, ascii: true}
	for _, r := range s.text {
		s.usual = s.usual && ('0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || strings.ContainsRune(" -._", r))
		s.grouped = s.grouped || strings.ContainsRune(separators, r)
		s.ascii = s.ascii && r < utf8.RuneSelf
		s.descender = s.descender || strings.ContainsRune("Q", r) || !('0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || r == '-')
	}
	return s
}

// arrange sets the code as large as the room allows: in one row, or broken at its separators, or, if
// that cannot be, anywhere. One row is worth half as much again as several.
func (s spelling) arrange(width, height int) (best codeText, ok bool) {
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
		return t.face.capital() * 3
	}
	return t.face.capital() * 2
}

// split cuts the code into the rows of t, as even as possible; ok is false where it has too few places.
func (s spelling) split(t *codeText, anywhere bool) (ok bool) {
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
func (s spelling) fill(t *codeText, limit int, anywhere bool) (n int) {
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
func (s spelling) choose(t *codeText, width, height int) bool {
	faces := codeFaces[:]
	if !s.ascii {
		faces = foreignFaces[:]
	}
	for _, f := range faces {
		if f.capital() > height || s.ascii && !s.usual && f.count() < 90 {
			continue
		}
		t.face = f
		t.width = t.widest(f == &text7 || !s.ascii)
		descender := s.hang(f)
		t.height = (t.n-1)*t.pitch(descender) + f.capital() + descender
		if t.width <= width && t.height <= height {
			return true
		}
	}
	return false
}

// hang is how far the code reaches under the baseline.
func (s spelling) hang(f *face) int {
	if !s.descender {
		return 0
	}
	return max(0, f.measure(s.text).bottom)
}

// widest is the width of the longest row; rows of a monospaced face are not measured.
func (t *codeText) widest(proportional bool) (w int) {
	for _, row := range t.rows[:t.n] {
		if proportional {
			w = max(w, t.face.measure(row).width())
		} else {
			w = max(w, utf8.RuneCountInString(row)*t.face.space())
		}
	}
	return w
}
