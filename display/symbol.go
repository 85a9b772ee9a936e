package display

import (
	"strings"

	goqr "github.com/piglig/go-qr"
)

// maxVersion is the largest version of a QR code; version v is 17+4v modules wide (ISO/IEC 18004 section 5.3.1).
const maxVersion = 40

// symbol is a QR code; the zero value is none.
type symbol struct {
	version int // 1 to 40
	size    int // modules along a side, without the quiet zone
	code    *goqr.QrCode
}

// dark reports whether the module at column x and row y is dark; outside the symbol none is.
func (s *symbol) dark(x, y int) bool { return s.code != nil && s.code.Module(x, y) }

// level is the error correction level, "L", "M", "Q" or "H": the two highest bits of the format
// information, which are masked with 10 (section 7.9).
func (s *symbol) level() string {
	bits := 0b10
	if s.dark(0, 8) {
		bits ^= 0b10
	}
	if s.dark(1, 8) {
		bits ^= 0b01
	}
	return "MLHQ"[bits : bits+1]
}

// classes are the versions that share the widths of the character counts (section 7.4.1), and so the cut of
// a text into segments that takes the fewest bits.
var classes = [...]struct{ first, last int }{{1, 9}, {10, 26}, {27, maxVersion}}

// encode makes the smallest symbol up to version limit that holds text, at the highest level of error
// correction that it still holds.
func encode(text string, limit int) (s symbol, ok bool) {
	for _, class := range classes {
		last := min(limit, class.last)
		if text == "" || last < class.first {
			break
		}
		// The segments are those of the first version it is given: of the class, not of version 1.
		segments, err := goqr.MakeSegmentsOptimally(text, goqr.Low, last, last)
		if err != nil {
			continue
		}
		code, err := goqr.EncodeSegments(segments, goqr.Low, class.first, last, -1, true)
		if err != nil {
			continue
		}
		return symbol{version: (code.Size() - 17) / 4, size: code.Size(), code: code}, true
	}
	return symbol{}, false
}

// symbols keeps the QR codes that were made last. A screen is drawn again and again with the same URIs,
// each of which is tried as it is and with its host in capitals.
type symbols struct {
	kept [4]struct {
		text  string
		limit int
		symbol
		ok bool
	}
	next int
}

// encode is the function of the same name, which runs once for a text.
func (k *symbols) encode(text string, limit int) (symbol, bool) {
	for i := range k.kept {
		if s := &k.kept[i]; s.text == text && s.limit == limit && text != "" {
			return s.symbol, s.ok
		}
	}
	s := &k.kept[k.next]
	k.next = (k.next + 1) % len(k.kept)
	s.text, s.limit = strings.Clone(text), limit
	s.symbol, s.ok = encode(text, limit)
	return s.symbol, s.ok
}
