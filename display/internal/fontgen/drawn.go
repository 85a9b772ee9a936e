package main

import (
	_ "embed"
	"fmt"
	"strings"
	"unicode/utf8"
)

//go:embed small.txt
var small string

// drawn reads the face drawn by hand and adds the letters made of a base and a mark.
func drawn() (face, error) {
	f := face{capital: 7, space: 3, gap: 11}
	for _, block := range strings.Split(small, "\n\n")[1:] {
		glyphs, err := parseBlock(strings.Split(strings.TrimSpace(block), "\n"))
		if err != nil {
			return face{}, err
		}
		f.glyphs = append(f.glyphs, glyphs...)
	}
	base := map[rune]glyph{}
	for _, g := range f.glyphs {
		base[g.r] = g
	}
	for _, m := range marks {
		for pair := range strings.FieldsSeq(m.letters) {
			r, n := utf8.DecodeRuneInString(pair)
			on, _ := utf8.DecodeRuneInString(pair[n:])
			if on == 'i' && !m.below {
				on = 'ı'
			}
			f.glyphs = append(f.glyphs, compose(r, base[on], m))
		}
	}
	return f, nil
}

// parseBlock reads a line of characters and the nine rows under it.
func parseBlock(lines []string) ([]glyph, error) {
	names := strings.Fields(lines[0])
	if len(lines) != 10 {
		return nil, fmt.Errorf("the block of %q has %d rows", lines[0], len(lines)-1)
	}
	glyphs := make([]glyph, len(names))
	for y, line := range lines[1:] {
		cells := strings.Fields(line)
		if len(cells) != len(names) {
			return nil, fmt.Errorf("row %d of %q has %d cells", y, lines[0], len(cells))
		}
		for i, cell := range cells {
			g := &glyphs[i]
			g.r, _ = utf8.DecodeRuneInString(names[i])
			if g.w != 0 && g.w != len(cell) {
				return nil, fmt.Errorf("row %d of %q is %d wide", y, names[i], len(cell))
			}
			g.w, g.h, g.y, g.advance = len(cell), 9, -7, len(cell)+1
			for _, c := range cell {
				g.ink = append(g.ink, c == '#')
			}
		}
	}
	for i := range glyphs {
		glyphs[i] = crop(glyphs[i])
	}
	return glyphs, nil
}

// compose sets the mark over or under the middle of the base.
func compose(r rune, base glyph, m mark) glyph {
	w := len(m.rows[0])
	left := base.x + (base.w-w+1)/2 // where an even base has no middle, to the right
	top := base.y - len(m.rows)
	if m.gap && !m.below {
		top--
	}
	if m.below {
		top = 0
	}
	x0, x1 := min(base.x, left), max(base.x+base.w, left+w)
	y0, y1 := min(base.y, top), max(base.y+base.h, top+len(m.rows))
	g := glyph{r: r, x: x0, y: y0, w: x1 - x0, h: y1 - y0, ink: make([]bool, (x1-x0)*(y1-y0))}
	for i, on := range base.ink {
		if on {
			g.ink[(base.y-y0+i/base.w)*g.w+base.x-x0+i%base.w] = true
		}
	}
	for y, row := range m.rows {
		for x, c := range row {
			if c == '#' {
				g.ink[(top-y0+y)*g.w+left-x0+x] = true
			}
		}
	}
	g.x = 0
	g.advance = g.w + 1
	return crop(g)
}
