package bench

import (
	"bytes"
	"image"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"

	"periph.io/x/conn/v3/gpio"

	"github.com/paird/paird/hal"
	"github.com/paird/paird/hal/bustest"
)

// eachPanel runs a test on a board with a model of each panel that hal drives, in fake time.
func eachPanel(t *testing.T, f func(t *testing.T, p hal.PanelInfo, size image.Point, bus string)) {
	n := 0
	for _, p := range hal.Panels() {
		if p.Controller == "" {
			continue
		}
		for _, size := range p.Sizes {
			for bus := range strings.SplitSeq(p.Bus, " or ") {
				n++
				t.Run(p.Name+" "+size.String()+" "+bus, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { f(t, p, size, bus) })
				})
			}
		}
	}
	if n < 40 {
		t.Errorf("only %d panels", n)
	}
}

func noise(size image.Point, seed uint64) *image.Gray {
	m, rnd := image.NewGray(image.Rectangle{Max: size}), rand.New(rand.NewPCG(seed, 1))
	for i := range m.Pix {
		m.Pix[i] = byte(rnd.IntN(2) * 255)
	}
	return m
}

// TestRecordAndReplay: what our driver sends to a panel, written to a file and read again, shows the same pictures.
func TestRecordAndReplay(t *testing.T) {
	eachPanel(t, func(t *testing.T, p hal.PanelInfo, size image.Point, bus string) {
		b, err := New(p.Name, size, 0)
		if err != nil {
			t.Fatal(err)
		}
		o := b.Options(p, size)
		if bus == "SPI" && !p.Paper {
			o.Bus, o.Pins = "SPI0.0", map[string]string{"dc": "dc", "reset": "reset"}
		}
		r := NewRecorder(b, o, p.Paper)
		o.Hardware = r
		board, err := hal.Open(t.Context(), o)
		if err != nil || board.Fault != nil {
			t.Fatal(err, board.Fault)
		}
		var want []*image.Gray
		for i, name := range []string{"first", "second"} {
			r.Operation(name)
			if err := board.Panel.Draw(board.Panel.Bounds(), noise(size, uint64(i)), image.Point{}); err != nil {
				t.Fatal(err)
			}
			want = append(want, b.Image())
		}
		if err := board.Close(); err != nil {
			t.Fatal(err)
		}
		var file bytes.Buffer
		if err := (bustest.Traffic{Panel: p.Name, Size: size, Version: "test", Events: r.Events()}).Write(&file); err != nil {
			t.Fatal(err)
		}
		recording, err := bustest.ParseTraffic(&file)
		if err != nil {
			t.Fatal(err)
		}
		frames, violations, err := Replay(recording)
		if err != nil || len(frames) != 2 || len(violations) > 0 {
			t.Fatalf("%v, %d frames, %q", err, len(frames), violations)
		}
		for i, f := range frames {
			if !bytes.Equal(f.Image.Pix, want[i].Pix) {
				t.Errorf("%s: another picture", f.Operation)
			}
			if p.Paper && !p.Partial && f.Busy < p.Refresh/2 {
				t.Errorf("%s: BUSY for %v of %v", f.Operation, f.Busy, p.Refresh)
			}
		}
		if bytes.Equal(want[0].Pix, want[1].Pix) {
			t.Error("the two pictures are one")
		}
	})
}

// TestErrorsAreRecorded: an OLED that does not answer, and paper whose BUSY never ends.
func TestErrorsAreRecorded(t *testing.T) {
	for name, spoil := range map[string]func(b *Board){
		"ssd1306":          func(b *Board) { b.OLED.Unplug() },
		"waveshare2in13v4": func(b *Board) { b.Paper.Stick(true) },
	} {
		synctest.Test(t, func(t *testing.T) {
			p := named(t, name)
			b, err := New(name, p.Sizes[0], 0)
			if err != nil {
				t.Fatal(err)
			}
			o := b.Options(p, p.Sizes[0])
			r := NewRecorder(b, o, p.Paper)
			o.Hardware = r
			spoil(b)
			board, err := hal.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			defer board.Close()
			r.Operation("first")
			drawn := r.Failed(board.Panel.Draw(board.Panel.Bounds(), noise(p.Sizes[0], 1), image.Point{}))
			frames, _, err := Replay(bustest.Traffic{Panel: name, Size: p.Sizes[0], Events: r.Events()})
			if err != nil || len(frames) != 1 || drawn == nil || !strings.Contains(strings.Join(frames[0].Errors, "\n"), drawn.Error()) {
				t.Errorf("%s: %v, %v: %+v", name, drawn, err, frames)
			}
		})
	}
}

func named(t *testing.T, name string) hal.PanelInfo {
	t.Helper()
	for _, p := range hal.Panels() {
		if p.Name == name {
			return p
		}
	}
	t.Fatal("no panel", name)
	return hal.PanelInfo{}
}

// TestOtherDevicesAreLeftOut: a sensor's readings on the same bus stay on the board.
func TestOtherDevicesAreLeftOut(t *testing.T) {
	p := named(t, "ssd1306")
	b, err := New(p.Name, p.Sizes[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	r := NewRecorder(b, b.Options(p, p.Sizes[0]), false)
	bus, err := r.I2C("I2C1")
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Tx(0x76, []byte{0xd0}, nil); err == nil {
		t.Error("there is no device at 76h")
	}
	line, err := r.Line("dc")
	if err != nil {
		t.Fatal(err)
	}
	if err := line.Out(gpio.High); err != nil {
		t.Error(err)
	}
	if n := len(r.Events()); n > 0 {
		t.Errorf("%d events", n)
	}
}

// FuzzReplay: a recording may hold anything.
func FuzzReplay(f *testing.F) {
	head := "panel waveshare2in13v4\nsize 250x122\n"
	f.Add(head + "operation a\nreset 0\nreset 1\nbusy\ncommand 12\nbusy 3\ncommand 01 f9 00 00\ncommand 24\n\t3x ff*4\ncommand 22 f7\ncommand 20\nbusy 2000\nend\n")
	f.Add("panel ssd1306\nsize 128x64\noperation a\nstream ae 20 00\ndata 00 ff\nread 43\nerror x\nend\n")
	f.Add("panel sh1107\nsize 64x128\noperation a\nstream dc 7f d3 7f a8 00\ndata 00 ff\nend\n")
	f.Add("panel inkyphat79661\nsize 250x122\noperation a\ncommand 61 00 80 00 fa\ncommand 10\n\t2000x 55\ncommand 04\nbusy\ncommand 12 00\nbusy\nend\n")
	f.Add("panel inkyphat\nsize 212x104\noperation a\ncommand 32 00\ncommand 37 00\ncommand 07 a5\nend\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := bustest.ParseTraffic(strings.NewReader(text))
		if err != nil {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			frames, _, err := Replay(r)
			for _, f := range frames {
				if f.Image == nil || f.Operation == "" {
					t.Errorf("%+v (%v)", f, err)
				}
			}
		})
	})
}
