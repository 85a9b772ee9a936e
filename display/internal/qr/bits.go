package qr

import "strings"

// bitWriter appends bits, most significant first, to preallocated codewords.
type bitWriter struct {
	codewords []byte
	n         int // bits written
}

func (w *bitWriter) write(value, width int) {
	for i := width - 1; i >= 0; i-- {
		w.codewords[w.n/8] |= byte(value>>i&1) << (7 - w.n%8)
		w.n++
	}
}

// segment writes mode indicator, character count and data (sections 7.4.2 to 7.4.5).
func (w *bitWriter) segment(s segment, class int) {
	w.write(1<<s.mode, 4) // table 2: numeric 0001, alphanumeric 0010, byte 0100
	w.write(len(s.text), countBits[s.mode][class])
	switch s.mode {
	case numeric:
		w.groups(s.text, 3, 10, []int{0, 4, 7, 10})
	case alphanumeric:
		w.groups(s.text, 2, 45, []int{0, 6, 11})
	default:
		for i := range len(s.text) {
			w.write(int(s.text[i]), 8)
		}
	}
}

// groups writes k characters at a time as one number to the base; width is by the size of the group.
func (w *bitWriter) groups(text string, k, base int, width []int) {
	for len(text) > 0 {
		group := text[:min(k, len(text))]
		value := 0
		for i := range len(group) {
			value = value*base + strings.IndexByte(alphabet, group[i])
		}
		w.write(value, width[len(group)])
		text = text[len(group):]
	}
}

// pad writes terminator, bits up to the byte and pad codewords up to the capacity (section 7.4.9, 7.4.10).
func (w *bitWriter) pad() {
	capacity := 8 * len(w.codewords)
	w.n = min(w.n+4, capacity)
	w.n = (w.n + 7) / 8 * 8
	for pad := 0xEC; w.n < capacity; pad ^= 0xEC ^ 0x11 {
		w.write(pad, 8)
	}
}
