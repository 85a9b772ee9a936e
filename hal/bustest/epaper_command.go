package bustest

import "time"

// begun starts commands that need no data.
func (e *EPaper) begun() {
	switch e.cmd {
	case 0x12: // soft reset: all parameters but RAM and deep sleep mode
		asleep := e.asleep
		e.reset()
		e.asleep, e.cmd = asleep, 0x12
	case 0x20:
		e.activate()
	}
}

// arity is how many bytes of data a command takes: SSD1680 section 7 (pages 20 to 31), SSD1675B section 7, SSD1608
// section 7; -1: any number; -2: there is no such command.
func (e *EPaper) arity() int {
	c := e.sheet.Chip
	switch e.cmd {
	case 0x12, 0x20:
		return 0
	case 0x03, 0x10, 0x11, 0x18, 0x22, 0x2c, 0x3c, 0x4e:
		return 1
	case 0x3a, 0x3b: // dummy lines and gate width, gone with SSD1680
		if c.lut == 153 {
			return -2
		}
		return 1
	case 0x74, 0x7e: // analog and digital block control of SSD1675
		if c.lut != 70 {
			return -2
		}
		return 1
	case 0x3f: // option for LUT end
		if c.lut != 153 {
			return -2
		}
		return 1
	case 0x21:
		if c.lut == 153 {
			return 2
		}
		return 1
	case 0x44, 0x4f:
		return 2
	case 0x01, 0x04:
		return 3
	case 0x45:
		return 4
	case 0x32:
		return c.lut
	case 0x37:
		if c.lut == 153 {
			return 10
		}
		return 7
	case 0x24, 0x26:
		return -1
	}
	return -2
}

// finish checks the command that ends with the next one.
func (e *EPaper) finish() {
	switch n := e.arity(); {
	case e.cmd == 0:
	case n == -2:
		e.violate("unknown command %#02x", e.cmd)
	case n >= 0 && len(e.args) != n:
		e.violate("command %#02x with %d bytes of data, not %d", e.cmd, len(e.args), n)
	}
}

// data is one byte of a command's data.
func (e *EPaper) data(b byte) {
	if e.cmd == 0x24 || e.cmd == 0x26 {
		e.write(b)
		return
	}
	if e.args = append(e.args, b); len(e.args) == e.arity() {
		e.set(e.args)
	}
}

// set obeys a command that is complete.
func (e *EPaper) set(a []byte) {
	r, c := &e.reg, e.sheet.Chip
	switch e.cmd {
	case 0x01:
		r.mux, r.topBottom = int(a[0])|int(a[1]&1)<<8, a[2]&1 == 1
		if r.mux >= c.gates {
			e.violate("driver output control: %d gates", r.mux+1)
			r.mux = c.gates - 1
		}
	case 0x10: // 00 normal, 01 deep sleep mode 1, 11 mode 2 whose RAM is not retained
		if a[0]&3 != 0 {
			e.asleep = true
			if a[0]&3 == 3 {
				for i := range e.bw {
					e.bw[i], e.red[i] = byte(e.rnd.Uint32()), byte(e.rnd.Uint32())
				}
			}
		}
	case 0x11:
		r.entry = int(a[0] & 7)
	case 0x21: // "S8 to S167" does not move the picture: Waveshare's V4 draws to the same addresses with it and without (fast)
		r.redOption, r.bwOption = a[0]>>4, a[0]&15
	case 0x22:
		r.sequence = a[0]
	case 0x32:
		r.lut, r.loaded = append([]byte(nil), a...), 0
	case 0x37:
		r.pingPong = a[(len(a)+1)/2]&0x40 != 0 // of 10 bytes the sixth, of 7 the fifth
	case 0x44:
		r.xFrom, r.xTo = int(a[0]&63), int(a[1]&63)
		e.inRAM(r.xFrom, c.sources/8)
		e.inRAM(r.xTo, c.sources/8)
	case 0x45:
		r.yFrom, r.yTo = int(a[0])|int(a[1]&1)<<8, int(a[2])|int(a[3]&1)<<8
		e.inRAM(r.yFrom, c.gates)
		e.inRAM(r.yTo, c.gates)
	case 0x4e:
		r.x = int(a[0] & 63)
		e.inRAM(r.x, c.sources/8)
	case 0x4f:
		r.y = int(a[0]) | int(a[1]&1)<<8
		e.inRAM(r.y, c.gates)
	}
}

func (e *EPaper) inRAM(v, size int) {
	if v >= size {
		e.violate("command %#02x: address %d of %d", e.cmd, v, size)
	}
}

// write puts a byte into one of the RAMs and moves the counters within the window (11h to 4Fh).
func (e *EPaper) write(b byte) {
	r, c := &e.reg, e.sheet.Chip
	ram := e.bw
	if e.cmd == 0x26 {
		ram = e.red
	}
	if r.x < c.sources/8 && r.y < c.gates {
		ram[r.y*(c.sources/8)+r.x] = b
	}
	if e.written++; e.written > (abs(r.xTo-r.xFrom)+1)*(abs(r.yTo-r.yFrom)+1) {
		e.violate("more data than the window holds")
	}
	if r.entry&4 == 0 { // AM = 0: X first
		if step(&r.x, r.xFrom, r.xTo, r.entry&1 != 0, c.sources/8) {
			step(&r.y, r.yFrom, r.yTo, r.entry&2 != 0, c.gates)
		}
	} else if step(&r.y, r.yFrom, r.yTo, r.entry&2 != 0, c.gates) {
		step(&r.x, r.xFrom, r.xTo, r.entry&1 != 0, c.sources/8)
	}
}

// step moves a counter up or down; at the end of the window it begins again and says so.
func step(v *int, from, to int, up bool, size int) (wrapped bool) {
	switch {
	case *v == to:
		*v = from
		return true
	case up:
		*v = (*v + 1) % size
	default:
		*v = (*v + size - 1) % size
	}
	return false
}

func abs(n int) int { return max(n, -n) }

// wait makes BUSY high for a time.
func (e *EPaper) wait(d time.Duration) { e.busyTill = time.Now().Add(d) }
