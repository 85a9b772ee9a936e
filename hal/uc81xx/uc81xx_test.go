package uc81xx

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/hal/bustest"
	"github.com/paird/paird/hal/internal/epd"
)

func open(t *testing.T, info Info) (*Dev, *bustest.ColourPaper) {
	t.Helper()
	s := bustest.ColourSheets()[info.Name]
	s.Name, s.Full = info.Chip, info.Refresh
	c := bustest.NewColourPaper(s, true)
	d, err := New(c.SPI(), c.DC(), c.Reset(), c.Busy(), &Opts{Module: info.Name})
	if err != nil {
		t.Fatal(err)
	}
	return d, c
}

// forEach runs a test on a strict model of every module, in fake time.
func forEach(t *testing.T, f func(t *testing.T, d *Dev, c *bustest.ColourPaper)) {
	for _, info := range Modules() {
		t.Run(info.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, c := open(t, info)
				f(t, d, c)
				if v := c.Violations(); len(v) > 0 {
					t.Errorf("against the datasheet: %q", v[:min(5, len(v))])
				}
			})
		})
	}
}

var inks = []color.Color{color.Black, color.White, color.RGBA{R: 255, A: 255}}

func picture(d *Dev, seed uint64) *image.Paletted {
	m, rnd := image.NewPaletted(d.Bounds(), inks), rand.New(rand.NewPCG(seed, 1))
	for i := range m.Pix {
		m.Pix[i] = uint8(rnd.IntN(3))
	}
	return m
}

func wrong(c *bustest.ColourPaper, want *image.Paletted) int {
	n, got := 0, c.Image()
	for i, ink := range want.Pix {
		if got.Pix[i] != []uint8{0, 255, 200}[ink] {
			n++
		}
	}
	return n
}

func mustDraw(t *testing.T, d *Dev, c *bustest.ColourPaper, m *image.Paletted, what string) {
	t.Helper()
	if err := d.Draw(d.Bounds(), m, image.Point{}); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if n := wrong(c, m); n > 0 {
		t.Fatalf("%s: %d wrong pixels", what, n)
	}
}

func TestPictures(t *testing.T) {
	forEach(t, func(t *testing.T, d *Dev, c *bustest.ColourPaper) {
		start := time.Now()
		m := picture(d, 1)
		mustDraw(t, d, c, m, "first")
		if took := time.Since(start); took > d.m.Refresh+time.Second {
			t.Errorf("one picture took %v", took)
		}
		mustDraw(t, d, c, m, "the same again")
		part := image.Rect(10, 20, 61, 73)
		draw.Draw(m, part, image.White, image.Point{}, draw.Src)
		if err := d.Draw(part, image.White, image.Point{}); err != nil || wrong(c, m) > 0 {
			t.Errorf("a part: %v, %d wrong pixels", err, wrong(c, m))
		}
		if n := c.Refreshes(); n != 2 {
			t.Errorf("%d refreshes for two pictures", n)
		}
		if err := errors.Join(d.Full(), d.Draw(d.Bounds(), m, image.Point{}), d.Sleep(), d.Halt(), d.Probe()); err != nil || c.Refreshes() != 3 {
			t.Errorf("%v, %d refreshes", err, c.Refreshes())
		}
	})
}

func TestStuckBusyEnds(t *testing.T) {
	forEach(t, func(t *testing.T, d *Dev, c *bustest.ColourPaper) {
		mustDraw(t, d, c, picture(d, 1), "first")
		c.Stick(true)
		start := time.Now()
		if err := d.Draw(d.Bounds(), picture(d, 2), image.Point{}); err == nil || !strings.Contains(err.Error(), "BUSY stays low") || time.Since(start) > 2*epd.ResetLimit {
			t.Fatalf("after %v: %v", time.Since(start), err)
		}
		c.Stick(false)
		time.AfterFunc(5*time.Second, func() { c.Stick(true) }) // in the middle of a refresh
		start = time.Now()
		if err := d.Draw(d.Bounds(), picture(d, 2), image.Point{}); err == nil || time.Since(start) > refreshLimit+5*time.Second {
			t.Fatalf("stuck in the middle: after %v: %v", time.Since(start), err)
		}
		c.Stick(false)
		mustDraw(t, d, c, picture(d, 2), "when BUSY works again")
	})
}

func TestUnpluggedAndBack(t *testing.T) {
	forEach(t, func(t *testing.T, d *Dev, c *bustest.ColourPaper) {
		mustDraw(t, d, c, picture(d, 1), "first")
		c.Plug(false)
		if err := d.Draw(d.Bounds(), picture(d, 2), image.Point{}); !errors.Is(err, epd.ErrNoBusy) {
			t.Fatalf("unplugged: %v", err)
		}
		c.Plug(true)
		mustDraw(t, d, c, picture(d, 1), "plugged in again")
	})
}

func TestAfterEveryBusFault(t *testing.T) {
	for _, info := range Modules() {
		t.Run(info.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, c := open(t, info)
				rnd := rand.New(rand.NewPCG(6, 6))
				for i := range 3 {
					m := picture(d, uint64(i))
					c.FailIn(1+rnd.IntN(30), rnd.IntN(100))
					if err := d.Draw(d.Bounds(), m, image.Point{}); err == nil {
						t.Errorf("fault %d did not reach the driver", i)
					}
					c.FailIn(0, 0)
					mustDraw(t, d, c, m, fmt.Sprint("after fault ", i))
				}
			})
		})
	}
}

// TestTheModelCatchesMistakes proves that 0 wrong pixels is not what the model always says.
func TestTheModelCatchesMistakes(t *testing.T) {
	for name, spoil := range map[string]func(m *module){
		"turned":          func(m *module) { m.turned = !m.turned; m.columns, m.rows = m.rows, m.columns },
		"red is blue":     func(m *module) { m.inks[2] = 4 },
		"resolution":      func(m *module) { m.init = m.init[:10] },
		"no second boost": func(m *module) { m.powered = nil },
		"no argument":     func(m *module) { m.argument = nil },
	} {
		synctest.Test(t, func(t *testing.T) {
			d, c := open(t, e640().Info)
			spoil(&d.m)
			m := picture(d, 1)
			if d.Draw(d.Bounds(), m, image.Point{}) == nil && wrong(c, m) == 0 && len(c.Violations()) == 0 {
				t.Errorf("%s: the model sees nothing", name)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := New(nil, nil, nil, nil, &Opts{Module: "impression13"}); err == nil {
		t.Error("an unknown module was accepted")
	}
}
