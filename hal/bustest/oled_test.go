package bustest

import (
	"bytes"
	"image"
	"testing"
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
