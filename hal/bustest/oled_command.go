package bustest

// arguments is how many bytes follow a command: SSD1306 table 9-1 (pages 28 to 32), SSD1309 table 8-1, SH1106 command
// table (page 30), SH1107 command table (page 41).
func (o *OLED) arguments(c byte) int {
	switch o.glass.Chip {
	case SH1106:
		switch c {
		case 0x81, 0xa8, 0xad, 0xd3, 0xd5, 0xd9, 0xda, 0xdb:
			return 1
		}
		return 0
	case SH1107:
		switch c {
		case 0x81, 0xa8, 0xad, 0xd3, 0xd5, 0xd9, 0xdb, 0xdc:
			return 1
		}
		return 0
	}
	switch c {
	case 0x20, 0x81, 0x8d, 0xa8, 0xad, 0xd3, 0xd5, 0xd9, 0xda, 0xdb, 0xfd:
		return 1
	case 0x21, 0x22, 0xa3:
		return 2
	case 0x26, 0x27:
		return 6
	case 0x29, 0x2a:
		return 5
	}
	return 0
}

// command takes one byte of a command or of its arguments.
func (o *OLED) command(b byte) {
	o.pending = append(o.pending, b)
	if len(o.pending) <= o.arguments(o.pending[0]) {
		return
	}
	c := o.pending
	o.pending = nil
	if o.reg.locked && c[0] != 0xfd { // SSD1309 table 8-1: locked, the chip takes no command but FD
		return
	}
	if !o.common(c) && !o.special(c) {
		o.violate("unknown command % x", c)
	}
}

// common are the commands that all four chips have alike.
func (o *OLED) common(c []byte) bool {
	r := &o.reg
	switch b := c[0]; {
	case b <= 0x0f:
		o.pageMode(b, func() { r.col = r.col&^0x0f | int(b) })
	case b <= 0x17 || b <= 0x1f && o.glass.Chip != SH1107:
		o.pageMode(b, func() { r.col = r.col&0x0f | int(b&0x0f)<<4 })
	case b >= 0xb0 && int(b&0x0f) < o.pages() && b <= 0xbf:
		o.pageMode(b, func() { r.page = int(b & 0x0f) })
	case b == 0x81:
		r.contrast = c[1]
	case b == 0xa0 || b == 0xa1:
		r.segRemap = b&1 == 1
	case b == 0xa4 || b == 0xa5:
		r.all = b&1 == 1
	case b == 0xa6 || b == 0xa7:
		r.inverse = b&1 == 1
	case b == 0xa8:
		o.multiplex(c[1])
	case b == 0xae || b == 0xaf:
		r.on = b&1 == 1
	case b&0xf0 == 0xc0: // C0 to C7 normal, C8 to CF remapped
		r.comRemap = b&8 != 0
	case b == 0xd3:
		r.offset = int(c[1]) & (o.pages()*8 - 1)
	case b == 0xd5, b == 0xd9, b == 0xe3:
	case b == 0xdb:
		if v := c[1]; o.glass.Chip == SSD1306 && v != 0 && v != 0x20 && v != 0x30 { // table 9-1, page 32
			o.violate("VCOMH level %#02x is not one of 00, 20, 30", v)
		}
	default:
		return false
	}
	return true
}

func (o *OLED) multiplex(v byte) {
	if o.glass.Chip != SH1107 && o.glass.Chip != SH1106 && v < 15 {
		o.violate("multiplex ratio %d: 0 to 14 are invalid entries", v)
	}
	o.reg.mux = int(v) & (o.pages()*8 - 1)
}

// pageMode does what addresses RAM in page addressing mode. SSD1306 table 9-1, page 30: "This command is only for page
// addressing mode"; the chips on modules obey it in every mode, a strict model does not.
func (o *OLED) pageMode(b byte, do func()) {
	if o.glass.Chip != SH1106 && o.reg.mode != 2 {
		if o.violate("command %#02x outside page addressing mode", b); o.strict {
			return
		}
	}
	do()
}

// special are the commands in which the chips differ.
func (o *OLED) special(c []byte) bool {
	switch o.glass.Chip {
	case SH1106:
		return o.sh1106(c)
	case SH1107:
		return o.sh1107(c)
	}
	return o.ssd13xx(c)
}

func (o *OLED) ssd13xx(c []byte) bool {
	r := &o.reg
	switch b := c[0]; {
	case b == 0x20:
		if r.mode = c[1] & 3; r.mode == 3 {
			o.violate("memory addressing mode 3 is invalid")
		}
	case b == 0x21:
		o.window(b, func() { r.colFrom, r.colTo, r.col = int(c[1]&127), int(c[2]&127), int(c[1]&127) })
	case b == 0x22:
		o.window(b, func() { r.pageFrom, r.pageTo, r.page = int(c[1]&7), int(c[2]&7), int(c[1]&7) })
	case b&0xc0 == 0x40:
		r.start = int(b & 63)
	case b == 0x8d && o.glass.Chip == SSD1306: // charge pump, page 62
		r.pump = c[1]&4 != 0
	case b == 0xad && o.glass.Chip == SSD1306: // SSD1306B: external or internal IREF
	case b == 0xda:
		r.alternative, r.leftRight = c[1]&0x10 != 0, c[1]&0x20 != 0
		if c[1]&^0x30 != 0x02 {
			o.violate("COM pins %#02x: must be 02, 12, 22 or 32", c[1])
		}
	case b == 0xfd && o.glass.Chip == SSD1309:
		r.locked = c[1]&4 != 0
	case b == 0x2e: // scrolling off, as it is
	default:
		return false
	}
	return true
}

// window does what addresses RAM in the two other modes, likewise.
func (o *OLED) window(b byte, do func()) {
	if o.reg.mode == 2 {
		if o.violate("command %#02x is only for horizontal or vertical addressing mode", b); o.strict {
			return
		}
	}
	do()
}

func (o *OLED) sh1106(c []byte) bool {
	r := &o.reg
	switch b := c[0]; {
	case b >= 0x30 && b <= 0x33: // pump voltage
	case b&0xc0 == 0x40:
		r.start = int(b & 63)
	case b == 0xad:
		r.pump = c[1]&1 == 1
	case b == 0xda:
		r.alternative = c[1]&0x10 != 0
	default:
		return false
	}
	return true
}

func (o *OLED) sh1107(c []byte) bool {
	r := &o.reg
	switch b := c[0]; {
	case b == 0x20 || b == 0x21: // one byte: page or vertical addressing, page 27
		r.mode = 2 - b&1
	case b == 0xad:
		r.pump = c[1]&1 == 1
	case b == 0xdc:
		r.start = int(c[1] & 127)
	default:
		return false
	}
	return true
}
