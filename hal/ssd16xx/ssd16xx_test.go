package ssd16xx

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/spi/spitest"

	"github.com/paird/paird/hal/bustest"
	"github.com/paird/paird/hal/internal/epd"
)

func TestWholePictures(t *testing.T) {
	forEach(t, func(t *testing.T, p *Dev, e *bustest.EPaper) {
		rnd := rand.New(rand.NewPCG(1, 1))
		for kind := range 4 {
			if err := p.Full(); err != nil {
				t.Fatal(err)
			}
			mustDraw(t, p, e, picture(p, kind, rnd), fmt.Sprint("full ", kind))
		}
		if full, partial := e.Refreshes(); full != 4 || partial != 0 {
			t.Errorf("%d full and %d partial refreshes", full, partial)
		}
	})
}

func TestPartsSleepAndFullInAnyOrder(t *testing.T) {
	forEach(t, func(t *testing.T, p *Dev, e *bustest.EPaper) {
		rnd := rand.New(rand.NewPCG(2, 2))
		want := picture(p, 1, rnd)
		mustDraw(t, p, e, want, "first")
		for i := range 16 {
			r := image.Rect(rnd.IntN(300)-20, rnd.IntN(220)-20, rnd.IntN(300), rnd.IntN(220))
			src := picture(p, rnd.IntN(4), rnd)
			draw.Draw(want, r, src, r.Min, draw.Src)
			switch rnd.IntN(4) {
			case 0:
				_ = p.Full()
			case 1:
				if err := p.Sleep(); err != nil || !e.Asleep() {
					t.Fatal("awake after Sleep:", err)
				}
			case 2:
				if err := p.Halt(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
			}
			if err := p.Draw(r, src, r.Min); err != nil {
				t.Fatal(err)
			}
			if n := wrong(e, want); n > 0 {
				t.Fatalf("part %d, %v: %d wrong pixels", i, r, n)
			}
		}
		if _, partial := e.Refreshes(); (partial > 0) != p.m.Partial {
			t.Errorf("%d partial refreshes", partial)
		}
	})
}

func TestTheSamePictureCostsNothing(t *testing.T) {
	forEach(t, func(t *testing.T, p *Dev, e *bustest.EPaper) {
		m := picture(p, 2, nil)
		mustDraw(t, p, e, m, "first")
		_ = p.Sleep()
		e.Stats()
		mustDraw(t, p, e, m, "again")
		if s := e.Stats(); s.Bytes != 0 || !e.Asleep() {
			t.Errorf("%d bytes, asleep %v", s.Bytes, e.Asleep())
		}
		_ = p.Full()
		mustDraw(t, p, e, m, "again, wholly")
		if full, _ := e.Refreshes(); full != 2 {
			t.Errorf("%d full refreshes, want 2", full)
		}
	})
}

func TestStuckBusyEnds(t *testing.T) {
	forEach(t, func(t *testing.T, p *Dev, e *bustest.EPaper) {
		rnd := rand.New(rand.NewPCG(3, 3))
		mustDraw(t, p, e, picture(p, 1, rnd), "first")
		starting := p.m.reset.Before + p.m.reset.Low + p.m.reset.After + p.m.settle
		e.Stick(true)
		start := time.Now()
		err := p.Draw(p.Bounds(), picture(p, 0, rnd), image.Point{})
		if err == nil || !strings.Contains(err.Error(), "BUSY") || time.Since(start) > starting+2*epd.ResetLimit {
			t.Fatalf("after %v: %v", time.Since(start), err)
		}
		start = time.Now()
		if err := p.Draw(p.Bounds(), picture(p, 0, rnd), image.Point{}); err == nil || time.Since(start) > starting+2*epd.ResetLimit {
			t.Fatalf("the next attempt took %v: %v", time.Since(start), err)
		}
		e.Stick(false)
		time.AfterFunc(starting+200*time.Millisecond, func() { e.Stick(true) }) // in the middle of a refresh
		start = time.Now()
		if err := p.Draw(p.Bounds(), picture(p, 0, rnd), image.Point{}); err == nil || time.Since(start) > starting+p.m.full.limit+time.Second {
			t.Fatalf("stuck in the middle: after %v: %v", time.Since(start), err)
		}
		e.Stick(false)
		before, _ := e.Refreshes()
		mustDraw(t, p, e, picture(p, 0, rnd), "when BUSY works again")
		if full, _ := e.Refreshes(); full != before+1 {
			t.Error("no full refresh after an error")
		}
	})
}

func TestUnpluggedAndBack(t *testing.T) {
	forEach(t, func(t *testing.T, p *Dev, e *bustest.EPaper) {
		rnd := rand.New(rand.NewPCG(4, 4))
		mustDraw(t, p, e, picture(p, 1, rnd), "first")
		e.Unplug()
		if err := p.Draw(p.Bounds(), picture(p, 0, rnd), image.Point{}); !errors.Is(err, epd.ErrNoBusy) {
			t.Fatalf("nothing there: %v", err)
		}
		e.Plug()
		mustDraw(t, p, e, picture(p, 0, rnd), "plugged in again")
	})
}

func TestPowerLossWhileAsleep(t *testing.T) {
	forEach(t, func(t *testing.T, p *Dev, e *bustest.EPaper) {
		rnd := rand.New(rand.NewPCG(5, 5))
		mustDraw(t, p, e, picture(p, 1, rnd), "first")
		_ = p.Sleep()
		e.PowerLoss()
		mustDraw(t, p, e, picture(p, 2, rnd), "after a power loss")
	})
}

func TestAfterEveryBusFault(t *testing.T) {
	for _, info := range modelled() { // what arrives half is against the datasheet; only the picture counts
		t.Run(info.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := bustest.NewEPaper(bustest.Sheets()[info.Name], false)
				p := open(t, info.Name, e)
				rnd := rand.New(rand.NewPCG(6, 6))
				failed := 0
				for i := range 12 {
					m := picture(p, i%4, rnd)
					e.FailIn(1+rnd.IntN(50), rnd.IntN(100))
					if err := p.Draw(p.Bounds(), m, image.Point{}); err != nil {
						failed++
					}
					e.FailIn(0, 0)
					mustDraw(t, p, e, m, fmt.Sprint("after fault ", i))
				}
				if failed < 4 {
					t.Errorf("only %d draws failed: the faults do not reach the driver", failed)
				}
			})
		})
	}
}

func TestNewRefuses(t *testing.T) {
	if _, err := New(nil, nil, nil, nil, &Opts{Module: "waveshare9in7"}); err == nil {
		t.Error("an unknown module was accepted")
	}
}

// TestAChangeIsSmall holds what a changed glyph costs against a full frame.
func TestAChangeIsSmall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := bustest.NewEPaper(bustest.Sheets()["waveshare2in13v4"], true)
		p := open(t, "waveshare2in13v4", e)
		m := picture(p, 2, nil)
		mustDraw(t, p, e, m, "full")
		full := e.Stats().Bytes
		draw.Draw(m, image.Rect(60, 40, 76, 64), image.Black, image.Point{}, draw.Src)
		mustDraw(t, p, e, m, "a glyph")
		if change := e.Stats().Bytes; full < 8000 || change > 250 {
			t.Errorf("%d bytes for a full frame, %d for a glyph", full, change)
		}
	})
}

// free is a pin that nothing is connected to: BUSY reads low.
type free struct{ gpio.PinIO }

func (free) In(gpio.Pull, gpio.Edge) error { return nil }
func (free) Read() gpio.Level              { return gpio.Low }
func (free) Out(gpio.Level) error          { return nil }

// TestInitializationOnTheWire is that of an SSD1680 with 250 gates and glass from S8 on, byte by byte.
func TestInitializationOnTheWire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := &spitest.Record{}
		p, err := New(bus, free{}, free{}, free{}, &Opts{Module: "waveshare2in13v4"})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Probe(); err != nil {
			t.Fatal(err)
		}
		var got []byte
		for _, op := range bus.Ops {
			got = append(got, op.W...)
		}
		want := []byte{
			0x12,                   // software reset
			0x01, 0xf9, 0x00, 0x00, // driver output control: 250 gates
			0x21, 0x00, 0x80, // display update control 1: S8 to S167
			0x18, 0x80, // internal temperature sensor
			0x11, 0x03, // data entry mode: X, then Y, both upwards
		}
		if !bytes.Equal(got, want) {
			t.Errorf("% x\nwant\n% x", got, want)
		}
	})
}

// TestWhiteIsWhiteOnColouredGlass: Pimoroni sells the SSD1608 pHAT with black, red and yellow glass. RAM 26h holds where colour
// is, so a picture without colour must leave it empty on all of them.
func TestWhiteIsWhiteOnColouredGlass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := bustest.Sheets()["inkyphat1608"]
		s.Accent = true
		e := bustest.NewEPaper(s, true)
		p := open(t, "inkyphat1608", e)
		for kind := range 3 {
			m := image.NewPaletted(p.Bounds(), inks[:2])
			draw.Draw(m, m.Rect, picture(p, kind, rand.New(rand.NewPCG(9, 9))), image.Point{}, draw.Src)
			mustDraw(t, p, e, m, fmt.Sprint("picture ", kind))
		}
	})
}

// edge is one level of RES# and how long it stayed.
type edge struct {
	level gpio.Level
	held  time.Duration
}

// resetPin records the levels of RES#.
type resetPin struct {
	gpio.PinOut
	since time.Time
	level gpio.Level
	edges []edge
}

func (r *resetPin) Out(l gpio.Level) error {
	if !r.since.IsZero() {
		r.edges = append(r.edges, edge{r.level, time.Since(r.since)})
	}
	r.level, r.since = l, time.Now()
	return r.PinOut.Out(l)
}

// TestResetPulse: the pulses of the makers' own programs. On some boards RST also switches the panel's power, which a low pulse
// of more than 2 ms takes away.
func TestResetPulse(t *testing.T) {
	for name, want := range map[string][]time.Duration{ // ms before, low, after
		"waveshare1in54v2": {200, 5, 200}, "waveshare2in13v2": {200, 5, 200},
		"waveshare2in13v3": {20, 2, 20}, "waveshare2in13v4": {20, 2, 20}, "waveshare2in9v2": {20, 2, 20},
	} {
		synctest.Test(t, func(t *testing.T) {
			e := bustest.NewEPaper(bustest.Sheets()[name], true)
			r := &resetPin{PinOut: e.Reset()}
			p, err := New(e.SPI(), e.DC(), r, e.Busy(), &Opts{Module: name})
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Probe(); err != nil {
				t.Fatal(err)
			}
			after := time.Since(r.since)
			got := []edge{{gpio.High, want[0] * time.Millisecond}, {gpio.Low, want[1] * time.Millisecond}}
			if !slices.Equal(r.edges, got) || after < want[2]*time.Millisecond {
				t.Errorf("%s: %v, then high for %v before the first command", name, r.edges, after)
			}
		})
	}
}

// TestADrawIsOneRefresh: from sleep to a picture that can be read it takes one refresh and a second. Pimoroni's programs for
// SSD1608 and SSD1683 wait two seconds for the reset; so does this one.
func TestADrawIsOneRefresh(t *testing.T) {
	forEach(t, func(t *testing.T, p *Dev, e *bustest.EPaper) {
		limit := p.m.Refresh + time.Second
		if p.m.settle > 0 {
			limit += 1100 * time.Millisecond
		}
		rnd := rand.New(rand.NewPCG(1, 1))
		for kind := range 3 {
			start := time.Now()
			mustDraw(t, p, e, picture(p, kind, rnd), fmt.Sprint("picture ", kind))
			if took := time.Since(start); took > limit {
				t.Errorf("picture %d took %v, want %v", kind, took, limit)
			}
			_ = p.Sleep()
		}
		if full, partial := e.Refreshes(); full+partial != 3 {
			t.Errorf("%d full and %d partial refreshes for three pictures", full, partial)
		}
	})
}
