package monoled

import "github.com/paird/paird/hal/internal/ink"

// update brings the RAM from shadow to frame, page by page, in runs of changed columns.
func (p *Dev) update() error {
	p.pack()
	width := p.module.size.X
	for page := 0; page*width < len(p.next); page++ {
		next, shadow := p.next[page*width:][:width], p.shadow[page*width:][:width]
		for _, r := range runs(shadow, next, p.whole) {
			if err := p.write(page, r.from, next[r.from:r.to]); err != nil {
				return err
			}
		}
		copy(shadow, next)
	}
	p.whole = false
	return nil
}

// pack turns the frame into pages: a byte is a column of eight pixels, D0 on top (SSD1306 section 8.7, page 25).
func (p *Dev) pack() {
	clear(p.next)
	width := p.module.size.X
	for y := range p.module.size.Y {
		row, bit := p.frame.Pix[y*p.frame.Stride:][:width], byte(1)<<(y%8)
		out := p.next[y/8*width:][:width]
		for x, c := range row {
			if c == ink.White {
				out[x] |= bit
			}
		}
	}
}

// write sends a run of columns of one page, in page addressing mode.
func (p *Dev) write(page, column int, data []byte) error {
	c := byte(p.module.column + column)
	if err := p.wire.command(0xb0|byte(page), c&0x0f, 0x10|c>>4); err != nil {
		return err
	}
	return p.wire.data(data)
}

// run is a half-open range of columns.
type run struct{ from, to int }

// overhead is what a run costs besides its data, in bytes: two addresses, two control bytes, three commands.
const overhead = 7

// runs finds the columns that changed. Two runs with less between them than a run's overhead become one.
func runs(old, next []byte, whole bool) []run {
	if whole {
		return []run{{0, len(next)}}
	}
	var found []run
	for i := range next {
		switch last := len(found) - 1; {
		case old[i] == next[i]:
		case last >= 0 && i-found[last].to < overhead:
			found[last].to = i + 1
		default:
			found = append(found, run{i, i + 1})
		}
	}
	return found
}
