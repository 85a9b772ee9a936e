package bustest

import (
	"bytes"
	"image"
	"testing"
	"testing/synctest"
	"time"
)

// corner is a part of the picture as text: a line a row, # for a lit pixel.
func corner(m *image.Gray, width, height int) string {
	var b bytes.Buffer
	for y := range height {
		for x := range width {
			b.WriteByte(map[bool]byte{true: '#', false: '.'}[m.GrayAt(x, y).Y == 255])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func oled(g Glass, strict bool) (*OLED, func(commands ...byte), func(data ...byte)) {
	o := NewOLED(g, 0x3c, strict)
	send := func(control byte) func(...byte) {
		return func(b ...byte) { _ = o.Tx(0x3c, append([]byte{control}, b...), nil) }
	}
	return o, send(0x00), send(0x40)
}

var usual = Glass{Chip: SSD1306, Size: image.Pt(128, 64), Alternative: true}

// blank switches an SSD1306 on in horizontal mode with an empty RAM.
func blank(cmd, data func(...byte)) {
	cmd(0x8d, 0x14, 0xa1, 0xc8, 0x20, 0x00, 0x21, 0, 127, 0x22, 0, 7)
	data(make([]byte, 1024)...)
	cmd(0xaf)
}

// TestHorizontalWindow is the example of SSD1306 section 10.1.3, page 35: after the last column the next page.
func TestHorizontalWindow(t *testing.T) {
	o, cmd, data := oled(usual, true)
	blank(cmd, data)
	cmd(0x21, 1, 2, 0x22, 0, 1)
	data(0x01, 0x02, 0x80, 0x40, 0x04) // the fifth byte wraps to the beginning
	want := ".......\n..#....\n.#.....\n.......\n.......\n.......\n.......\n.......\n" +
		".......\n.......\n.......\n.......\n.......\n.......\n..#....\n.#.....\n"
	if got := corner(o.Image(), 7, 16); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if v := o.Violations(); len(v) > 0 {
		t.Error(v)
	}
}

func TestVerticalMode(t *testing.T) {
	o, cmd, data := oled(usual, true)
	blank(cmd, data)
	cmd(0x20, 0x01, 0x21, 0, 1, 0x22, 0, 1)
	data(0x01, 0x01, 0x02)
	want := "#..\n.#.\n...\n...\n...\n...\n...\n...\n#..\n...\n"
	if got := corner(o.Image(), 3, 10); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestSeveralControlBytes(t *testing.T) {
	o, cmd, data := oled(usual, false)
	blank(cmd, data)
	cmd(0x20, 0x02)
	_ = o.Tx(0x3c, []byte{0x80, 0xb0, 0x80, 0x03, 0x80, 0x10, 0x40, 0x01, 0x01}, nil)
	if got := corner(o.Image(), 6, 1); got != "...##.\n" {
		t.Error(got)
	}
}

// TestScan shows what start line, offset, remap, inversion and COM wiring do to a picture.
func TestScan(t *testing.T) {
	for name, c := range map[string]struct {
		glass    Glass
		commands []byte
		at       image.Point // where the pixel of column 0, row 0 is seen
	}{
		"upright":          {usual, nil, image.Pt(0, 0)},
		"start line":       {usual, []byte{0x40 | 60}, image.Pt(0, 4)},
		"columns reversed": {usual, []byte{0xa0}, image.Pt(127, 0)},
		"rows reversed":    {usual, []byte{0xc0}, image.Pt(0, 63)},
		"offset":           {usual, []byte{0xd3, 8}, image.Pt(0, 56)}, // table 10-2: row 0 on COM7
		"sequential pins":  {usual, []byte{0xda, 0x02}, image.Pt(0, 0)},
	} {
		o, cmd, data := oled(c.glass, true)
		blank(cmd, data)
		data(0x01)
		cmd(c.commands...)
		m := o.Image()
		if m.GrayAt(c.at.X, c.at.Y).Y != 255 {
			t.Errorf("%s: not at %v", name, c.at)
		}
		cmd(0xa7)
		if o.Image().GrayAt(c.at.X, c.at.Y).Y != 0 || o.Image().GrayAt(50, 20).Y != 255 {
			t.Errorf("%s: not inverted", name)
		}
	}
	// rows 1 and 2 of glass wired from both sides change places with others when the pins are said to be in sequence
	o, cmd, data := oled(usual, true)
	blank(cmd, data)
	data(0x02)
	cmd(0xda, 0x02)
	if o.Image().GrayAt(0, 1).Y == 255 {
		t.Error("wrong COM pins show a right picture")
	}
}

func TestNothingWithoutPumpOrSwitch(t *testing.T) {
	o, cmd, data := oled(usual, true)
	blank(cmd, data)
	cmd(0xa5) // all pixels on
	for _, c := range [][]byte{{0x8d, 0x10}, {0xae}} {
		cmd(c...)
		if bytes.Contains(o.Image().Pix, []byte{255}) {
			t.Errorf("lit after % x", c)
		}
		cmd(0x8d, 0x14, 0xaf)
	}
	if bytes.Contains(o.Image().Pix, []byte{0}) {
		t.Error("A5 does not light every pixel")
	}
	o.Unplug()
	if bytes.Contains(o.Image().Pix, []byte{255}) {
		t.Error("lit while unplugged")
	}
}

func TestStrictSeesViolations(t *testing.T) {
	for name, do := range map[string]func(o *OLED, cmd, data func(...byte)){
		"page address in horizontal mode": func(_ *OLED, cmd, _ func(...byte)) { cmd(0x20, 0x00, 0xb1) },
		"window in page mode":             func(_ *OLED, cmd, _ func(...byte)) { cmd(0x21, 0, 127) },
		"invalid mode":                    func(_ *OLED, cmd, _ func(...byte)) { cmd(0x20, 0x03) },
		"unknown command":                 func(_ *OLED, cmd, _ func(...byte)) { cmd(0xff) },
		"multiplex":                       func(_ *OLED, cmd, _ func(...byte)) { cmd(0xa8, 7) },
		"COM pins":                        func(_ *OLED, cmd, _ func(...byte)) { cmd(0xda, 0x13) },
		"VCOMH":                           func(_ *OLED, cmd, _ func(...byte)) { cmd(0xdb, 0x40) },
		"data inside a command":           func(_ *OLED, cmd, data func(...byte)) { cmd(0x81); data(1) },
		"control byte":                    func(o *OLED, _, _ func(...byte)) { _ = o.Tx(0x3c, []byte{0x01, 0xae}, nil) },
	} {
		for _, strict := range []bool{true, false} {
			o, cmd, data := oled(usual, strict)
			do(o, cmd, data)
			if v := o.Violations(); (len(v) > 0) != strict {
				t.Errorf("%s, strict=%v: %q", name, strict, v)
			}
		}
	}
}

func TestFaults(t *testing.T) {
	o, cmd, data := oled(usual, true)
	blank(cmd, data)
	o.FailIn(2, 3)
	if o.Tx(0x3c, []byte{0, 0xe3}, nil) != nil || o.Tx(0x3c, []byte{0, 0x81, 0x11, 0x22}, nil) == nil || o.Tx(0x3c, []byte{0, 0xe3}, nil) != nil {
		t.Error("not the second transaction failed")
	}
	if o.Contrast() != 0xe3 { // address, control byte and 81 arrived; 81 took the next command for its argument
		t.Errorf("contrast %#x after half a transfer", o.Contrast())
	}
	if o.Tx(0x3d, []byte{0, 0xae}, nil) == nil {
		t.Error("another address answers")
	}
	var s [1]byte
	if err := o.Tx(0x3c, nil, s[:]); err != nil || s[0]&0x40 != 0 {
		t.Errorf("status %#x while on, %v", s[0], err)
	}
	o.PowerLoss()
	if err := o.Tx(0x3c, nil, s[:]); err != nil || s[0]&0x40 == 0 {
		t.Errorf("status %#x after a power loss, %v", s[0], err)
	}
}

// TestWindowWraps is SSD1680 section 8: the address counters go round the window, in all eight entry modes.
func TestWindowWraps(t *testing.T) {
	for entry := range byte(8) {
		synctest.Test(t, func(t *testing.T) {
			e := NewEPaper(Sheet{Chip: SSD1681, Size: image.Pt(200, 200), Wire: func(x, y int) (int, int) { return x, y }}, true)
			time.Sleep(time.Second)
			cmd := func(c byte, d ...byte) {
				_ = e.DC().Out(false)
				_ = e.Tx([]byte{c}, nil)
				_ = e.DC().Out(true)
				_ = e.Tx(d, nil)
			}
			x0, x1, y0, y1 := byte(2), byte(3), byte(10), byte(12)
			if entry&1 == 0 {
				x0, x1 = x1, x0
			}
			if entry&2 == 0 {
				y0, y1 = y1, y0
			}
			cmd(0x11, entry)
			cmd(0x44, x0, x1)
			cmd(0x45, y0, 0, y1, 0)
			cmd(0x4e, x0)
			cmd(0x4f, y0, 0)
			cmd(0x24, 1, 2, 3, 4, 5, 6)
			var got []byte
			for y := 10; y <= 12; y++ {
				got = append(got, e.bw[y*25+2], e.bw[y*25+3])
			}
			want := map[byte][]byte{
				0: {6, 5, 4, 3, 2, 1}, 1: {5, 6, 3, 4, 1, 2}, 2: {2, 1, 4, 3, 6, 5}, 3: {1, 2, 3, 4, 5, 6},
				4: {6, 3, 5, 2, 4, 1}, 5: {3, 6, 2, 5, 1, 4}, 6: {4, 1, 5, 2, 6, 3}, 7: {1, 4, 2, 5, 3, 6},
			}[entry]
			if !bytes.Equal(got, want) || e.reg.x != int(x0) || e.reg.y != int(y0) {
				t.Errorf("entry mode %d: % d, counters %d %d", entry, got, e.reg.x, e.reg.y)
			}
			if v := e.Violations(); len(v) > 0 {
				t.Error(v)
			}
			cmd(0x24, 1, 2, 3, 4, 5, 6, 7)
			if v := e.Violations(); len(v) != 1 {
				t.Errorf("more data than the window holds: %q", v)
			}
		})
	}
}

func TestPaperListensOnlyWhenAwakeAndIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := NewEPaper(Sheet{Chip: SSD1680, Size: image.Pt(8, 8), Wire: func(x, y int) (int, int) { return x, y }}, true)
		cmd := func(c byte, d ...byte) int {
			before := len(e.Violations())
			_ = e.DC().Out(false)
			_ = e.Tx([]byte{c}, nil)
			_ = e.DC().Out(true)
			_ = e.Tx(d, nil)
			return len(e.Violations()) - before
		}
		if cmd(0x11, 3) == 0 {
			t.Error("it listens right after power on")
		}
		time.Sleep(time.Second)
		if cmd(0x22, 0xf7)+cmd(0x20) != 0 {
			t.Error("it does not listen when idle:", e.Violations())
		}
		if busy, _ := e.Busy().Read(); !busy || cmd(0x11, 3) == 0 {
			t.Error("it listens while it refreshes")
		}
		time.Sleep(10 * time.Second)
		cmd(0x10, 0x01)
		if busy, _ := e.Busy().Read(); !busy || !e.Asleep() || cmd(0x11, 3) == 0 {
			t.Error("it listens in deep sleep")
		}
		_ = e.Reset().Out(false)
		_ = e.Reset().Out(true)
		time.Sleep(time.Second)
		if busy, _ := e.Busy().Read(); busy || e.Asleep() || cmd(0x11, 3) != 0 {
			t.Error("a reset did not wake it")
		}
	})
}

// paper returns a strict module of 8 by 8 pixels whose chip has waveforms, and how to send it a command.
func paper(s Sheet) (e *EPaper, cmd func(c byte, d ...byte)) {
	s.Size, s.Wire = image.Pt(8, 8), func(x, y int) (int, int) { return x, y }
	e = NewEPaper(s, true)
	time.Sleep(time.Second)
	return e, func(c byte, d ...byte) {
		_ = e.DC().Out(false)
		_ = e.Tx([]byte{c}, nil)
		_ = e.DC().Out(true)
		_ = e.Tx(d, nil)
	}
}

// fill writes the first eight rows of one of the RAMs.
func fill(cmd func(byte, ...byte), ram byte, rows ...byte) {
	cmd(0x44, 0, 0)
	cmd(0x45, 0, 0, 7, 0)
	cmd(0x4e, 0)
	cmd(0x4f, 0, 0)
	cmd(ram, rows...)
}

func TestModes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, cmd := paper(Sheet{Chip: SSD1680})
		run := func(sequence byte) *image.Gray {
			cmd(0x22, sequence)
			cmd(0x20)
			time.Sleep(10 * time.Second)
			return e.Image()
		}
		fill(cmd, 0x24, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0)
		if got := run(0xc0); got.GrayAt(0, 0).Y != 128 {
			t.Error("something is seen without bit 2 of command 22")
		}
		if got := corner(run(0xf7), 8, 1); got != "####....\n" {
			t.Errorf("mode 1: %s", got)
		}
		fill(cmd, 0x26, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0)
		fill(cmd, 0x24, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc)
		if got := corner(run(0xff), 8, 1); got != "##..##..\n" {
			t.Errorf("mode 2: %s", got)
		}
		cmd(0x21, 0x08, 0x00) // the black and white RAM inverted
		if got := corner(run(0xf7), 8, 1); got != "..##..##\n" {
			t.Errorf("inverted: %s", got)
		}
		cmd(0x21, 0x04, 0x00) // and as zero
		if got := corner(run(0xf7), 8, 1); got != "........\n" {
			t.Errorf("as zero: %s", got)
		}
		if v := e.Violations(); len(v) > 0 {
			t.Error(v)
		}
	})
}

// TestPingPong is command 37: after a refresh in mode 2 the RAMs change places.
func TestPingPong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, cmd := paper(Sheet{Chip: SSD1680})
		cmd(0x37, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0)
		fill(cmd, 0x24, 1, 2, 3, 4, 5, 6, 7, 8)
		cmd(0x22, 0xff)
		cmd(0x20)
		if e.red[0] != 1 || e.bw[0] == 1 {
			t.Errorf("red RAM %d, black and white RAM %d", e.red[0], e.bw[0])
		}
	})
}

func TestPaperSeesViolations(t *testing.T) {
	for name, do := range map[string]func(cmd func(byte, ...byte)){
		"unknown command":          func(cmd func(byte, ...byte)) { cmd(0x99); cmd(0x11, 3) },
		"too little data":          func(cmd func(byte, ...byte)) { cmd(0x44, 1); cmd(0x11, 3) },
		"address beyond the RAM":   func(cmd func(byte, ...byte)) { cmd(0x4e, 60) },
		"gates beyond the chip":    func(cmd func(byte, ...byte)) { cmd(0x01, 0xff, 1, 0) },
		"display without power":    func(cmd func(byte, ...byte)) { cmd(0x22, 0x04); cmd(0x20) },
		"display with no waveform": func(cmd func(byte, ...byte)) { cmd(0x22, 0xc7); cmd(0x20) },
	} {
		synctest.Test(t, func(t *testing.T) {
			e, cmd := paper(Sheet{Chip: SSD1680})
			do(cmd)
			if len(e.Violations()) != 1 {
				t.Errorf("%s: %q", name, e.Violations())
			}
		})
	}
}
