package monoled

import (
	"bytes"
	"image"
	"math/rand/v2"
	"testing"

	"github.com/paird/paird/hal/bustest"
)

// TestRunsProperty: applied to old, the runs give next; they never overlap; and they cost no more than the whole page.
func TestRunsProperty(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 5000 {
		old := make([]byte, 1+rnd.IntN(128))
		next := bytes.Clone(old)
		for range rnd.IntN(12) {
			next[rnd.IntN(len(next))] = byte(rnd.Uint32())
		}
		got, end, cost := bytes.Clone(old), 0, 0
		for _, r := range runs(old, next, false) {
			if r.from < end || r.to <= r.from {
				t.Fatalf("runs %v", runs(old, next, false))
			}
			copy(got[r.from:r.to], next[r.from:r.to])
			end, cost = r.to, cost+overhead+r.to-r.from
		}
		if !bytes.Equal(got, next) || cost > overhead+len(next) {
			t.Fatalf("runs %v: cost %d", runs(old, next, false), cost)
		}
	}
	if runs(make([]byte, 4), make([]byte, 4), false) != nil {
		t.Error("nothing changed, but there are runs")
	}
}

// screens are two that follow each other: a countdown of which one glyph changed.
func screens() (before, after *image.Gray) {
	before, after = image.NewGray(image.Rect(0, 0, 128, 64)), image.NewGray(image.Rect(0, 0, 128, 64))
	rnd := rand.New(rand.NewPCG(2, 2))
	for i := range before.Pix {
		if rnd.IntN(3) == 0 {
			before.Pix[i] = 255
		}
	}
	copy(after.Pix, before.Pix)
	for y := 48; y < 62; y++ {
		for x := 80; x < 88; x++ {
			after.Pix[after.PixOffset(x, y)] ^= 255
		}
	}
	return before, after
}

// BenchmarkStatusChange prints the bytes on the bus for a changed glyph and for a full frame.
func BenchmarkStatusChange(b *testing.B) {
	o := bustest.NewOLED(bustest.Glasses()[0], addr, false)
	p, err := NewI2C(o, addr, &Opts{Chip: "ssd1306", Size: image.Pt(128, 64), ColumnOffset: -1})
	if err != nil {
		b.Fatal(err)
	}
	before, after := screens()
	draw := func(m *image.Gray) int {
		o.Stats()
		if err := p.Draw(p.Bounds(), m, image.Point{}); err != nil {
			b.Fatal(err)
		}
		return o.Stats().Bytes
	}
	full, change := draw(before), 0
	for i := 0; b.Loop(); i++ {
		if i%2 == 0 {
			change = draw(after)
		} else {
			change = draw(before)
		}
	}
	b.ReportMetric(float64(full), "bytes/full")
	b.ReportMetric(float64(change), "bytes/change")
}

// TestAStatusChangeIsSmall holds what the benchmark prints.
func TestAStatusChangeIsSmall(t *testing.T) {
	o := bustest.NewOLED(bustest.Glasses()[0], addr, true)
	p := open(t, o, bustest.Glasses()[0], "I2C")
	before, after := screens()
	mustDraw(t, p, o, before, "before")
	full := o.Stats().Bytes
	mustDraw(t, p, o, after, "after")
	change := o.Stats().Bytes
	mustDraw(t, p, o, after, "again")
	if again := o.Stats().Bytes; full > 1200 || change > 40 || again > 2 {
		t.Errorf("bytes on the bus: %d for a full frame, %d for a glyph, %d for nothing", full, change, again)
	}
}
