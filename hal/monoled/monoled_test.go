package monoled

import (
	"errors"
	"fmt"
	"image"
	"image/draw"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/i2c/i2ctest"

	"github.com/paird/paird/hal/bustest"
)

func TestWholePictures(t *testing.T) {
	forEach(t, func(t *testing.T, p *Dev, o *bustest.OLED) {
		for i, m := range pictures(p.Bounds().Size(), rand.New(rand.NewPCG(1, 1))) {
			mustDraw(t, p, o, m, fmt.Sprint("picture ", i))
		}
	})
}

func TestLenientModules(t *testing.T) {
	for _, g := range bustest.Glasses() {
		o := bustest.NewOLED(g, addr, false)
		mustDraw(t, open(t, o, g, "I2C"), o, pictures(g.Size, rand.New(rand.NewPCG(9, 9)))[7], fmt.Sprint(g.Chip, g.Size))
	}
}

func TestParts(t *testing.T) {
	forEach(t, func(t *testing.T, p *Dev, o *bustest.OLED) {
		rnd := rand.New(rand.NewPCG(2, 2))
		size := p.Bounds().Size()
		all := pictures(size, rnd)
		want := image.NewGray(p.Bounds())
		for i := range 15 {
			r := image.Rect(rnd.IntN(size.X+8)-4, rnd.IntN(size.Y+8)-4, rnd.IntN(size.X+8)-4, rnd.IntN(size.Y+8)-4)
			sp := image.Pt(rnd.IntN(8), rnd.IntN(8))
			src := all[rnd.IntN(len(all))]
			draw.Draw(want, r, src, sp, draw.Src)
			if err := p.Draw(r, src, sp); err != nil {
				t.Fatal(err)
			}
			if n := wrong(o, want); n > 0 {
				t.Fatalf("part %d, %v: %d wrong pixels", i, r, n)
			}
		}
	})
}

func TestAfterEveryFault(t *testing.T) {
	forEach(t, func(t *testing.T, p *Dev, o *bustest.OLED) {
		rnd := rand.New(rand.NewPCG(3, 3))
		all := pictures(p.Bounds().Size(), rnd)
		failed := 0
		for i := range 35 {
			m := all[i%len(all)]
			o.FailIn(1+rnd.IntN(24), rnd.IntN(60))
			if p.Draw(p.Bounds(), m, image.Point{}) == nil {
				if n := wrong(o, m); n > 0 {
					t.Fatalf("draw %d reported no error but %d pixels are wrong", i, n)
				}
				continue
			}
			failed++
			o.FailIn(0, 0)
			mustDraw(t, p, o, m, fmt.Sprint("after fault ", i))
		}
		if failed < 5 {
			t.Errorf("only %d draws failed: the faults do not reach the driver", failed)
		}
	})
}

func TestUnpluggedAndBack(t *testing.T) {
	forEach(t, func(t *testing.T, p *Dev, o *bustest.OLED) {
		all := pictures(p.Bounds().Size(), rand.New(rand.NewPCG(4, 4)))
		mustDraw(t, p, o, all[6], "first")
		o.Unplug()
		for range 3 {
			if err := p.Draw(p.Bounds(), all[7], image.Point{}); err == nil {
				t.Fatal("no error though nothing answers")
			}
		}
		o.Plug()
		mustDraw(t, p, o, all[7], "plugged in again")
	})
}

func TestPowerLossBetweenDraws(t *testing.T) {
	forEach(t, func(t *testing.T, p *Dev, o *bustest.OLED) {
		m := pictures(p.Bounds().Size(), rand.New(rand.NewPCG(5, 5)))[7]
		mustDraw(t, p, o, m, "first")
		o.PowerLoss()
		if !p.readable { // on I2C the status shows it at once; SPI cannot be read
			time.Sleep(renewEvery)
		}
		mustDraw(t, p, o, m, "the same picture after a power loss")
	})
}

// TestRenewalIsNotSeen checks the glass after every transaction of a renewal.
func TestRenewalIsNotSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := bustest.NewOLED(bustest.Glasses()[0], addr, true)
		eye := &eye{o: o}
		p, err := NewSPI(eye, o.DC(), &Opts{Chip: "ssd1306", Size: image.Pt(128, 64), ColumnOffset: -1, Reset: o.Reset()})
		if err != nil {
			t.Fatal(err)
		}
		m := pictures(p.Bounds().Size(), rand.New(rand.NewPCG(5, 5)))[7]
		mustDraw(t, p, o, m, "first")
		time.Sleep(renewEvery)
		o.Stats()
		eye.want = m
		mustDraw(t, p, o, m, "again")
		if s := o.Stats(); s.Bytes < 1024 || eye.wrong > 0 {
			t.Errorf("%d bytes, %d wrong pixels on the way", s.Bytes, eye.wrong)
		}
	})
}

func TestModuleWhoseStatusLies(t *testing.T) {
	o := bustest.NewOLED(bustest.Glasses()[0], addr, false)
	o.ReadsLie = true
	p := open(t, o, bustest.Glasses()[0], "I2C")
	all := pictures(bustest.Glasses()[0].Size, rand.New(rand.NewPCG(6, 6)))
	mustDraw(t, p, o, all[6], "first")
	o.Stats()
	mustDraw(t, p, o, all[6], "again")
	if s := o.Stats(); s.Bytes != 0 {
		t.Errorf("%d bytes for nothing: the driver takes it for a power loss", s.Bytes)
	}
}

func TestSleepAndHalt(t *testing.T) {
	forEach(t, func(t *testing.T, p *Dev, o *bustest.OLED) {
		m := pictures(p.Bounds().Size(), rand.New(rand.NewPCG(7, 7)))[0]
		dark := image.NewGray(p.Bounds())
		for name, off := range map[string]func() error{"Sleep": p.Sleep, "Halt": p.Halt} {
			mustDraw(t, p, o, m, name)
			if err := off(); err != nil || wrong(o, dark) > 0 {
				t.Fatalf("%s: %v, %d pixels lit", name, err, wrong(o, dark))
			}
			mustDraw(t, p, o, m, "the same picture after "+name)
		}
	})
}

// TestContrastOfSH1107: no vendor's driver sets more than half of the register.
func TestContrastOfSH1107(t *testing.T) {
	g := bustest.Glasses()[len(bustest.Glasses())-1]
	o := bustest.NewOLED(g, addr, true)
	p := open(t, o, g, "I2C")
	mustDraw(t, p, o, pictures(g.Size, rand.New(rand.NewPCG(1, 1)))[0], "first")
	if o.Contrast() != 0xcf/2 {
		t.Errorf("contrast %d after the initialization", o.Contrast())
	}
	if err := p.SetContrast(200); err != nil || o.Contrast() != 100 {
		t.Errorf("contrast %d, want 100 (%v)", o.Contrast(), err)
	}
}

func TestContrastSurvives(t *testing.T) {
	o := bustest.NewOLED(bustest.Glasses()[0], addr, true)
	p := open(t, o, bustest.Glasses()[0], "I2C")
	m := image.NewGray(p.Bounds())
	if err := p.SetContrast(9); err != nil {
		t.Fatal(err)
	}
	mustDraw(t, p, o, m, "first")
	if o.Contrast() != 9 {
		t.Errorf("contrast %d, want 9", o.Contrast())
	}
	if err := p.SetContrast(200); err != nil || o.Contrast() != 200 {
		t.Errorf("contrast %d, want 200 (%v)", o.Contrast(), err)
	}
	o.PowerLoss()
	mustDraw(t, p, o, m, "after a power loss")
	if o.Contrast() != 200 {
		t.Errorf("contrast %d after a power loss, want 200", o.Contrast())
	}
}

func TestNewRefuses(t *testing.T) {
	for _, o := range []Opts{
		{Chip: "ssd1306", Size: image.Pt(100, 64)}, {Chip: "nt7538", Size: image.Pt(128, 64)}, {},
		{Chip: "sh1106", Size: image.Pt(128, 64), ColumnOffset: 5}, {Chip: "ssd1306", Size: image.Pt(128, 64), ColumnOffset: 1},
	} {
		if _, err := NewI2C(nil, addr, &o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
	if _, err := NewSPI(nil, nil, &Opts{Chip: "ssd1306", Size: image.Pt(128, 64)}); err == nil {
		t.Error("SPI without D/C was accepted")
	}
}

// TestInitializationOnTheWire is the sequence of the SSD1306 on I2C, byte by byte, with the modes it runs in.
func TestInitializationOnTheWire(t *testing.T) {
	bus := &i2ctest.Playback{DontPanic: true, Ops: []i2ctest.IO{{Addr: addr, W: []byte{0x00,
		0xe3,       // NOP
		0xae,       // display off
		0xd5, 0xf0, // clock: fastest, not divided
		0xa8, 0x3f, // multiplex ratio 64
		0xd3, 0x00, // no display offset
		0x40,       // start line 0
		0x20, 0x02, // page addressing mode
		0x8d, 0x14, // charge pump on
		0xa1, 0xc8, // column and row order reversed
		0xda, 0x12, // COM pins in turn
		0xd9, 0xf1, // pre-charge
		0xdb, 0x20, // VCOMH 0.77 Vcc
		0x2e,       // no scrolling
		0x81, 0xcf, // contrast
		0xa4, 0xa6, // RAM shown, not inverted
	}}}}
	p, err := NewI2C(bus, addr, &Opts{Chip: "ssd1306", Size: image.Pt(128, 64), ColumnOffset: -1})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(p.Probe(), bus.Close()); err != nil {
		t.Error(err)
	}
}
