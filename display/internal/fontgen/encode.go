package main

import (
	"encoding/binary"
	"slices"
)

// glyph is the picture of a character: w columns and h rows of ink whose corner is x right of the pen
// and y under the baseline, both mostly of that sign; the pen then moves on by advance.
type glyph struct {
	r          rune
	advance    int
	x, y, w, h int
	ink        []bool
}

// face is what a file holds.
type face struct {
	capital, space, gap int // height of capitals, advance of a space, least distance of two lines
	glyphs              []glyph
}

// encode writes the format that package display reads: capital, space, gap, the number of glyphs (two
// bytes), a record of nine bytes for each glyph in order of the characters, then the ink, a bit a pixel,
// row by row, each glyph from a new byte on.
func encode(f face) []byte {
	slices.SortFunc(f.glyphs, func(a, b glyph) int { return int(a.r - b.r) })
	f.glyphs = slices.CompactFunc(f.glyphs, func(a, b glyph) bool { return a.r == b.r })
	out := []byte{byte(f.capital), byte(f.space), byte(f.gap)}
	out = binary.BigEndian.AppendUint16(out, uint16(len(f.glyphs)))
	var ink []byte
	for _, g := range f.glyphs {
		out = binary.BigEndian.AppendUint16(out, uint16(g.r))
		out = binary.BigEndian.AppendUint16(out, uint16(len(ink)))
		out = append(out, byte(g.advance), byte(int8(g.x)), byte(int8(g.y)), byte(g.w), byte(g.h))
		ink = append(ink, pack(g.ink)...)
	}
	return append(out, ink...)
}

func pack(ink []bool) []byte {
	out := make([]byte, (len(ink)+7)/8)
	for i, on := range ink {
		if on {
			out[i/8] |= 0x80 >> (i % 8)
		}
	}
	return out
}

// crop gives the glyph whose ink fills its box.
func crop(g glyph) glyph {
	for g.h > 0 && !slices.Contains(g.ink[:g.w], true) {
		g.ink, g.y, g.h = g.ink[g.w:], g.y+1, g.h-1
	}
	for g.h > 0 && !slices.Contains(g.ink[(g.h-1)*g.w:], true) {
		g.ink, g.h = g.ink[:(g.h-1)*g.w], g.h-1
	}
	left, right := g.w, 0
	for i, on := range g.ink {
		if on {
			left, right = min(left, i%g.w), max(right, i%g.w+1)
		}
	}
	if g.h == 0 || right <= left {
		return glyph{r: g.r, advance: g.advance}
	}
	narrow := make([]bool, 0, g.h*(right-left))
	for y := range g.h {
		narrow = append(narrow, g.ink[y*g.w+left:y*g.w+right]...)
	}
	g.ink, g.x, g.w = narrow, g.x+left, right-left
	return g
}
