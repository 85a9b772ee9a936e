package bustest

import (
	"bytes"
	"errors"
	"image"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// TestWindowWraps is SSD1680 section 8: the address counters go round the window, in all eight entry modes.
func TestWindowWraps(t *testing.T) {
	for entry := range byte(8) {
		synctest.Test(t, func(t *testing.T) {
			e := NewEPaper(Sheet{Chip: SSD1681, Size: image.Pt(200, 200), Wire: func(x, y int) (int, int) { return x, y }}, true)
			time.Sleep(time.Second)
			cmd := func(c byte, d ...byte) {
				_ = e.DC().Out(false)
				_ = e.tx([]byte{c}, nil)
				_ = e.DC().Out(true)
				_ = e.tx(d, nil)
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
			_ = e.tx([]byte{c}, nil)
			_ = e.DC().Out(true)
			_ = e.tx(d, nil)
			return len(e.Violations()) - before
		}
		if cmd(0x11, 3) == 0 {
			t.Error("it listens right after power on")
		}
		time.Sleep(time.Second)
		if cmd(0x22, 0xf7)+cmd(0x20) != 0 {
			t.Error("it does not listen when idle:", e.Violations())
		}
		if busy := bool(e.Busy().Read()); !busy || cmd(0x11, 3) == 0 {
			t.Error("it listens while it refreshes")
		}
		time.Sleep(10 * time.Second)
		cmd(0x10, 0x01)
		if busy := bool(e.Busy().Read()); !busy || !e.Asleep() || cmd(0x11, 3) == 0 {
			t.Error("it listens in deep sleep")
		}
		_ = e.Reset().Out(false)
		_ = e.Reset().Out(true)
		time.Sleep(time.Second)
		if busy := bool(e.Busy().Read()); busy || e.Asleep() || cmd(0x11, 3) != 0 {
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
		_ = e.tx([]byte{c}, nil)
		_ = e.DC().Out(true)
		_ = e.tx(d, nil)
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

// TestPingPong is command 37: after a refresh in mode 2 the RAMs are exchanged. SSD1675 has the bit in another byte.
func TestPingPong(t *testing.T) {
	for chip, option := range map[*PaperChip][]byte{&SSD1680: {0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0}, &SSD1675: {0, 0, 0, 0, 0x40, 0, 0}} {
		synctest.Test(t, func(t *testing.T) {
			e, cmd := paper(Sheet{Chip: *chip})
			cmd(0x37, option...)
			fill(cmd, 0x24, 1, 2, 3, 4, 5, 6, 7, 8)
			cmd(0x22, 0xff)
			cmd(0x20)
			if e.red[0] != 1 || e.bw[0] == 1 {
				t.Errorf("%s: red RAM %d, black and white RAM %d", chip.Name, e.red[0], e.bw[0])
			}
		})
	}
}

// TestSourcesOfTheGlass: command 21h names other sources; the picture stays where it is.
func TestSourcesOfTheGlass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, cmd := paper(Sheet{Chip: SSD1680})
		fill(cmd, 0x24, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0, 0xf0)
		cmd(0x21, 0x00, 0x80)
		cmd(0x22, 0xf7)
		cmd(0x20)
		if got := corner(e.Image(), 8, 1); got != "####....\n" {
			t.Error(got)
		}
	})
}

// TestResetPin: RES# ends deep sleep and then restores the registers. Of a controller that is awake the chips on modules keep them;
// the datasheets, and a strict model with them, do not.
func TestResetPin(t *testing.T) {
	for _, c := range []struct{ strict, asleep, kept bool }{{strict: true}, {asleep: true}, {kept: true}} {
		synctest.Test(t, func(t *testing.T) {
			e, cmd := paper(Sheet{Chip: SSD1680})
			e.strict = c.strict
			cmd(0x11, 0x01)
			if c.asleep {
				cmd(0x10, 0x01)
			}
			_ = e.Reset().Out(false)
			_ = e.Reset().Out(true)
			if kept := e.reg.entry == 1; kept != c.kept || e.Asleep() {
				t.Errorf("%+v: entry mode %d, asleep %v", c, e.reg.entry, e.Asleep())
			}
		})
	}
}

// TestCommandsWhileLoading: a lenient model takes commands while it loads a waveform, but not while it drives the paper.
func TestCommandsWhileLoading(t *testing.T) {
	for sequence, taken := range map[byte]bool{0xb1: true, 0xf7: false} {
		synctest.Test(t, func(t *testing.T) {
			e, cmd := paper(Sheet{Chip: SSD1680})
			e.strict = false
			cmd(0x22, sequence)
			cmd(0x20)
			cmd(0x11, 0x01)
			if got := e.reg.entry == 1; got != taken || !bool(e.Busy().Read()) {
				t.Errorf("%#x: entry mode %d", sequence, e.reg.entry)
			}
		})
	}
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

// TestBusLimits: spidev takes 4096 bytes at once; a clock faster than the datasheet's is against it.
func TestBusLimits(t *testing.T) {
	e := NewEPaper(Sheet{Chip: SSD1680, Size: image.Pt(8, 8), Wire: func(x, y int) (int, int) { return x, y }}, true)
	o := NewOLED(usual, 0x3c, true)
	for name, m := range map[string]struct {
		port       spi.PortCloser
		violations func() []string
		fastest    physic.Frequency
	}{
		"e-paper": {e.SPI(), e.Violations, 20 * physic.MegaHertz},
		"OLED":    {o.SPI(), o.Violations, 10 * physic.MegaHertz},
	} {
		c, err := m.port.Connect(m.fastest, spi.Mode0, 8)
		if err != nil || len(m.violations()) > 0 {
			t.Fatalf("%s: %v, %q", name, err, m.violations())
		}
		if err := c.Tx(make([]byte, 4097), nil); !errors.Is(err, ErrTooLong) {
			t.Errorf("%s: 4097 bytes at once: %v", name, err)
		}
		if l, ok := c.(conn.Limits); !ok || l.MaxTxSize() != 4096 {
			t.Errorf("%s: no limit is stated", name)
		}
		for _, wrong := range []struct {
			clock physic.Frequency
			mode  spi.Mode
			bits  int
		}{{m.fastest + physic.Hertz, spi.Mode0, 8}, {m.fastest, spi.Mode1, 8}, {m.fastest, spi.Mode0, 16}, {0, spi.Mode0, 8}} {
			before := len(m.violations())
			if _, err := m.port.Connect(wrong.clock, wrong.mode, wrong.bits); err != nil || len(m.violations()) != before+1 {
				t.Errorf("%s: %+v is no violation (%v)", name, wrong, err)
			}
		}
	}
}
