package monoled

import (
	"fmt"
	"image"
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"github.com/paird/paird/hal/bustest"
)

const addr = 0x3c

// forEach runs a test on strict models of every module on both buses, in fake time.
func forEach(t *testing.T, f func(t *testing.T, p *Dev, o *bustest.OLED)) {
	for _, g := range bustest.Glasses() {
		for _, bus := range []string{"I2C", "SPI"} {
			t.Run(fmt.Sprintf("%s/%dx%d/%s", g.Chip, g.Size.X, g.Size.Y, bus), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					o := bustest.NewOLED(g, addr, true)
					f(t, open(t, o, g, bus), o)
					if v := o.Violations(); len(v) > 0 {
						t.Errorf("against the datasheet: %q", v)
					}
				})
			})
		}
	}
}

func open(t *testing.T, o *bustest.OLED, g bustest.Glass, bus string) *Dev {
	t.Helper()
	opt := &Opts{Chip: string(g.Chip), Size: g.Size, ColumnOffset: -1}
	var p *Dev
	var err error
	if bus == "SPI" {
		opt.Reset = o.Reset()
		p, err = NewSPI(o.SPI(), o.DC(), opt)
	} else {
		p, err = NewI2C(o, addr, opt)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// pictures are structured and random ones.
func pictures(size image.Point, rnd *rand.Rand) []*image.Gray {
	var all []*image.Gray
	for _, f := range []func(x, y int) bool{
		func(x, y int) bool { return true },
		func(x, y int) bool { return false },
		func(x, y int) bool { return x == 0 || y == 0 || x == size.X-1 || y == size.Y-1 },
		func(x, y int) bool { return x == 0 && y == 0 },
		func(x, y int) bool { return (x+y)%2 == 0 },
		func(x, y int) bool { return y%3 == 0 },
		func(x, y int) bool { return x*size.Y > y*size.X },
		func(x, y int) bool { return rnd.IntN(2) == 0 },
		func(x, y int) bool { return rnd.IntN(20) == 0 },
	} {
		m := image.NewGray(image.Rectangle{Max: size})
		for y := range size.Y {
			for x := range size.X {
				if f(x, y) {
					m.Pix[m.PixOffset(x, y)] = 255
				}
			}
		}
		all = append(all, m)
	}
	return all
}

// wrong counts the pixels that a person sees wrong.
func wrong(o *bustest.OLED, want *image.Gray) int {
	n := 0
	for i, v := range o.Image().Pix {
		if v != want.Pix[i] {
			n++
		}
	}
	return n
}

func mustDraw(t *testing.T, p *Dev, o *bustest.OLED, m *image.Gray, what string) {
	t.Helper()
	if err := p.Draw(p.Bounds(), m, image.Point{}); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if n := wrong(o, m); n > 0 {
		t.Fatalf("%s: %d wrong pixels", what, n)
	}
}

// eye is a bus that checks the glass after each transaction.
type eye struct {
	spi.Conn
	o     *bustest.OLED
	want  *image.Gray
	wrong int
}

func (e *eye) String() string { return "eye" }

func (e *eye) Connect(f physic.Frequency, m spi.Mode, bits int) (spi.Conn, error) {
	c, err := e.o.SPI().Connect(f, m, bits)
	e.Conn = c
	return e, err
}

func (e *eye) Tx(w, r []byte) error {
	err := e.Conn.Tx(w, r)
	if e.want != nil {
		e.wrong += wrong(e.o, e.want)
	}
	return err
}

// TestTheModelCatchesMistakes proves that 0 wrong pixels is not what the model always says.
func TestTheModelCatchesMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		glass bustest.Glass
		drive Opts
	}{
		"SH1106 driven as SSD1306":     {bustest.Glasses()[6], Opts{Chip: "ssd1306", Size: image.Pt(128, 64), ColumnOffset: -1}},
		"SSD1306 driven as SH1106":     {bustest.Glasses()[0], Opts{Chip: "sh1106", Size: image.Pt(128, 64), ColumnOffset: -1}},
		"two columns off":              {bustest.Glasses()[0], Opts{Chip: "sh1106", Size: image.Pt(128, 64), ColumnOffset: 2}},
		"64 rows driven as 32":         {bustest.Glasses()[0], Opts{Chip: "ssd1306", Size: image.Pt(128, 32), ColumnOffset: -1}},
		"small glass at column 0":      {bustest.Glasses()[3], Opts{Chip: "ssd1306", Size: image.Pt(64, 48), ColumnOffset: 0}},
		"SSD1306 driven as an SSD1309": {bustest.Glasses()[0], Opts{Chip: "ssd1309", Size: image.Pt(128, 64), ColumnOffset: -1}},
	} {
		o := bustest.NewOLED(c.glass, addr, true)
		p, err := NewI2C(o, addr, &c.drive)
		if err != nil {
			t.Fatal(err)
		}
		want := pictures(c.glass.Size, rand.New(rand.NewPCG(8, 8)))[7]
		if err := p.Draw(p.Bounds(), want, image.Point{}); err != nil {
			t.Fatal(err)
		}
		if wrong(o, want) == 0 {
			t.Errorf("%s: the model shows no wrong pixel", name)
		}
	}
}
