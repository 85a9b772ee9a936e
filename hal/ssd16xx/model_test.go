package ssd16xx

import (
	"bytes"
	"encoding/hex"
	"image"
	"image/color"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/hal/bustest"
)

func open(t *testing.T, name string, e *bustest.EPaper) *Dev {
	t.Helper()
	p, err := New(e.SPI(), e.DC(), e.Reset(), e.Busy(), &Opts{Module: name})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// modelled are the modules but the yellow ones whose waveform moves VCOM too: the model does not add voltages up.
func modelled() []Info {
	return slices.DeleteFunc(Modules(), func(m Info) bool { return m.Name == "inkyphatyellow" || m.Name == "inkywhatyellow" })
}

// forEach runs a test on a strict model of every module, in fake time.
func forEach(t *testing.T, f func(t *testing.T, p *Dev, e *bustest.EPaper)) {
	for _, info := range modelled() {
		t.Run(info.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := bustest.Sheets()[info.Name]
				s.Full = info.Refresh
				e := bustest.NewEPaper(s, true)
				f(t, open(t, info.Name, e), e)
				if v := e.Violations(); len(v) > 0 {
					t.Errorf("against the datasheet: %q", v[:min(5, len(v))])
				}
			})
		})
	}
}

var inks = []color.Color{color.Black, color.White, color.RGBA{R: 255, A: 255}}

// seen is how the model shows an ink.
func seen(c color.Color) uint8 {
	return map[color.Color]uint8{inks[0]: 0, inks[1]: 255, inks[2]: 200}[c]
}

// picture is a random one, or blocks; with red where the paper has it.
func picture(p *Dev, kind int, rnd *rand.Rand) *image.Paletted {
	m := image.NewPaletted(p.Bounds(), inks)
	colours := 2
	if p.m.Accent {
		colours = 3
	}
	size := p.Bounds().Size()
	for y := range size.Y {
		for x := range size.X {
			switch c := uint8(0); kind {
			case 0:
				c = uint8(rnd.IntN(colours))
				m.Pix[y*m.Stride+x] = c
			case 1: // corners, edges and a diagonal
				if x == 0 || y == 0 || x == size.X-1 || y == size.Y-1 || x*size.Y > y*size.X {
					c = 1
				}
				m.Pix[y*m.Stride+x] = c
			default:
				m.Pix[y*m.Stride+x] = uint8((x/7 + y/5 + kind) % colours)
			}
		}
	}
	return m
}

func wrong(e *bustest.EPaper, want image.Image) int {
	n, got := 0, e.Image()
	for y := range got.Rect.Dy() {
		for x := range got.Rect.Dx() {
			if got.GrayAt(x, y).Y != seen(want.At(x, y)) {
				n++
			}
		}
	}
	return n
}

func mustDraw(t *testing.T, p *Dev, e *bustest.EPaper, m image.Image, what string) {
	t.Helper()
	if err := p.Draw(p.Bounds(), m, image.Point{}); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if n := wrong(e, m); n > 0 {
		t.Fatalf("%s: %d wrong pixels", what, n)
	}
}

// TestTheModelCatchesMistakes proves that 0 wrong pixels is not what the model always says.
func TestTheModelCatchesMistakes(t *testing.T) {
	for name, spoil := range map[string]func(p *Dev){
		"mirrored":         func(p *Dev) { p.m.flipY = !p.m.flipY },
		"a column off":     func(p *Dev) { p.m.offset++ },
		"one gate too few": func(p *Dev) { p.m.init[0] = []byte{0x01, 0xf8, 0, 0} },
		"last gate first":  func(p *Dev) { p.m.init[0] = []byte{0x01, 0xf9, 0, 1} },
		"no update":        func(p *Dev) { p.m.full.sequence = 0xc0; p.m.full.limit = time.Second },
		"partial with nothing to see": func(p *Dev) {
			p.m.partial.prepare = [][]byte{{0x3c, borderHold}, waveform(table153())}
			p.m.partial.sequence = partialAsSet
		},
		"waveforms swapped": func(p *Dev) {
			p.m.partial.prepare = [][]byte{{0x3c, borderHold}, waveform(table153(group{drive: [5][4]byte{1: {toBlack}, 2: {toWhite}}, frames: [4]byte{20}}))}
			p.m.partial.sequence = partialAsSet
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			e := bustest.NewEPaper(bustest.Sheets()["waveshare2in13v4"], true)
			p := open(t, "waveshare2in13v4", e)
			spoil(p)
			rnd := rand.New(rand.NewPCG(7, 7))
			bad := 0
			for kind := range 2 {
				m := picture(p, kind, rnd)
				if p.Draw(p.Bounds(), m, image.Point{}) != nil {
					bad++
				}
				bad += wrong(e, m)
			}
			if bad == 0 {
				t.Errorf("%s: the model shows no wrong pixel", name)
			}
		})
	}
}

func TestPreviousFrameMustBeSynced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := bustest.NewEPaper(bustest.Sheets()["waveshare2in13v4"], true)
		p := open(t, "waveshare2in13v4", e)
		rnd := rand.New(rand.NewPCG(8, 8))
		mustDraw(t, p, e, picture(p, 1, rnd), "first")
		copy(p.shown.bw, p.next.bw)
		for i := range p.shown.bw { // a driver that remembers another picture than the RAM has
			p.shown.bw[i] ^= 0xff
		}
		p.synced = false
		m := picture(p, 0, rnd)
		if err := p.Draw(p.Bounds(), m, image.Point{}); err != nil {
			t.Fatal(err)
		}
		if wrong(e, m) == 0 {
			t.Error("the model refreshes in part without looking at the old picture")
		}
	})
}

// TestInkyWaveforms: the bytes that Pimoroni's program sends with command 32h.
func TestInkyWaveforms(t *testing.T) {
	drives := "48a01010130000" + "48a08000030000" + "00000000000000" + "48a500bb000000" + "00000000000000"
	for _, c := range []struct {
		name   string
		groups []group
		want   string
	}{
		{"black", inkyGroups(blackTimes()), drives + "1004040404" + "1004040404" + "0408081010"},
		{"red", inkyGroups(redTimes()), drives + "400c200c06" + "1008040406" + "0408081010" + "0202024020" + "0202020202"},
		{"red, high temperature", inkyGroups(redHighTemperatureTimes()), drives + "430a1f0a04" + "1008040406" + "040808100b" + "0204044010" + "0606060202"},
		{"yellow", yellowGroups(), "fa948cc0d00000" + "fa942c80e00000" + "fa000000000000" + "fa94f880500000" + "bf58fc80d00000" +
			"4010401008" + "0810040410" + "0808030820" + "0804000010" + "1008080020"},
	} {
		want, err := hex.DecodeString(c.want)
		if err != nil {
			t.Fatal(err)
		}
		got := table70(c.groups...)
		for g := range 7 { // what a group applies for no time does not matter
			if idle := string(got[35+5*g:][:4]) == "\x00\x00\x00\x00"; idle {
				for l := range 5 {
					got[7*l+g] = 0
					want[7*l+g] = 0
				}
			}
		}
		if !bytes.Equal(got, append(want, make([]byte, 70-len(want))...)) {
			t.Errorf("%s: % x", c.name, got)
		}
	}
}
