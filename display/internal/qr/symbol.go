package qr

// Symbol is a QR code. The zero value is none.
type Symbol struct {
	Version int // 1 to 40
	Level   Level
	Mask    int // 0 to 7
	Size    int // modules along a side, without the quiet zone
	modules []module
}

// module is one square: dark or not, and whether it belongs to a function pattern or to information
// about the symbol, which masks leave alone.
type module uint8

const (
	dark module = 1 << iota
	function
)

// Dark tells whether the module at column x and row y is dark. Outside the symbol nothing is.
func (s *Symbol) Dark(x, y int) bool {
	return 0 <= x && x < s.Size && 0 <= y && y < s.Size && s.modules[y*s.Size+x]&dark != 0
}

// Fit finds the smallest version up to limit that holds text at level L, and the highest level at
// which it still does. ok is false where no version is large enough.
func Fit(text string, limit int) (version int, level Level, ok bool) {
	if len(text) > 3*dataWords(maxVersion, L) { // more than digits alone could be
		return 0, L, false
	}
	need, counted := 0, -1
	for v := 1; v <= min(limit, maxVersion); v++ {
		if class(v) != counted {
			counted = class(v)
			need = bits(text, counted)
		}
		if need > 8*dataWords(v, L) {
			continue
		}
		for level < H && need <= 8*dataWords(v, level+1) {
			level++
		}
		return v, level, true
	}
	return 0, L, false
}

// Encode makes the symbol that Fit speaks of.
func Encode(text string, limit int) (s Symbol, ok bool) {
	version, level, ok := Fit(text, limit)
	if !ok {
		return Symbol{}, false
	}
	s = draw(data(split(text, class(version)), version, level), version, level)
	s.Mask = s.bestMask()
	s.mask(s.Mask)
	s.format(s.Mask)
	return s, true
}

// data is the whole sequence of codewords as it is laid into the symbol.
func data(segments []segment, version int, level Level) []byte {
	w := bitWriter{codewords: make([]byte, dataWords(version, level))}
	for _, s := range segments {
		w.segment(s, class(version))
	}
	w.pad()
	return interleave(w.codewords, version, level)
}
