package bustest

import "image"

// write puts a data byte into the RAM and moves the pointers (SSD1306 section 10.1.3, pages 34 and 35; SH1106 page 19;
// SH1107 pages 16 and 23).
func (o *OLED) write(b byte) {
	r := &o.reg
	if r.col >= o.columns() || r.page >= o.pages() {
		o.violate("data beyond the RAM at page %d column %d", r.page, r.col)
		return
	}
	o.ram[r.page][r.col] = b
	switch {
	case o.glass.Chip == SH1106: // "stops with the last column": it is not wrapped
		r.col++
	case o.glass.Chip == SH1107 && r.mode == 2:
		r.col++
	case o.glass.Chip == SH1107:
		r.page = (r.page + 1) % 16
	case r.mode == 0:
		if r.col = next(r.col, r.colFrom, r.colTo, 128); r.col == r.colFrom {
			r.page = next(r.page, r.pageFrom, r.pageTo, 8)
		}
	case r.mode == 1:
		if r.page = next(r.page, r.pageFrom, r.pageTo, 8); r.page == r.pageFrom {
			r.col = next(r.col, r.colFrom, r.colTo, 128)
		}
	default: // "the column address pointer is reset to column start address"
		r.col = (r.col + 1) % 128
	}
}

func next(v, from, to, size int) int {
	if v == to {
		return from
	}
	return (v + 1) % size
}

// Image is what a person sees: gray 255 is a lit pixel.
func (o *OLED) Image() *image.Gray {
	o.mu.Lock()
	defer o.mu.Unlock()
	m := image.NewGray(image.Rectangle{Max: o.glass.Size})
	if !o.reg.on || o.unplugged || !o.reg.pump && !o.glass.ExternalVpp {
		return m
	}
	for y := range o.glass.Size.Y {
		for x := range o.glass.Size.X {
			if o.lit(x, y) {
				m.Pix[m.PixOffset(x, y)] = 255
			}
		}
	}
	return m
}

// lit follows the wires from a pixel of the glass back to a bit of the RAM.
func (o *OLED) lit(x, y int) bool {
	var col, row int
	var scanned bool
	if o.glass.Chip == SH1107 { // columns of the RAM are COM lines, bits of its pages are segments (pages 17 and 38)
		col, scanned = o.line(o.glass.Column + x)
		if row = y; o.reg.segRemap {
			row = 127 - y
		}
	} else {
		row, scanned = o.line(o.comRow(y))
		segment := o.columns() - 1 - (o.glass.Column + x)
		if col = segment; o.reg.segRemap {
			col = o.columns() - 1 - segment
		}
	}
	if !scanned || col < 0 || col >= o.columns() {
		return false
	}
	bit := o.ram[row/8][col]>>(row%8)&1 == 1
	return (bit || o.reg.all) != o.reg.inverse
}

// comRow is the scan position of the glass's row y. Modules stand with COM0 at the bottom; the glass's wiring leads
// to an output pad, the chip's COM pins configuration (SSD1306 section 10.1.18, page 40) from pad to position.
func (o *OLED) comRow(y int) int {
	fromBottom := o.glass.Size.Y - 1 - y
	pad := fromBottom
	if o.glass.Alternative {
		pad = fromBottom/2 + fromBottom%2*32
	}
	if o.reg.leftRight {
		pad ^= 32
	}
	if !o.reg.alternative {
		return pad
	}
	return pad%32*2 + pad/32
}

// line is the RAM line that COM output n shows, and whether n is scanned at all: display offset, start line, multiplex
// ratio and scan direction (SSD1306 tables 10-1 and 10-2, pages 38 and 39).
func (o *OLED) line(n int) (ram int, scanned bool) {
	lines := o.pages() * 8
	if o.reg.comRemap {
		n = o.reg.mux - n
	}
	row := (n + o.reg.offset + lines) % lines
	return (row + o.reg.start) % lines, row <= o.reg.mux
}
