package display

import (
	"fmt"
	"testing"
)

// Most allocations of a rendering for 128x64 pixels. A QR code is encoded once, not at each drawing.
const mostAllocations = 10

// BenchmarkRender draws each kind of screen for the most common OLED.
func BenchmarkRender(b *testing.B) {
	g := Geometry{Width: 128, Height: 64}
	var r renderer
	for _, s := range append(allScreens(), pairings()...) {
		b.Run(fmt.Sprintf("%T", s), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.render(s, g)
			}
		})
	}
}

// TestRenderAllocates counts what a rendering leaves to the collector.
func TestRenderAllocates(t *testing.T) {
	for _, language := range Languages() {
		g := Geometry{Width: 128, Height: 64, Language: language}
		var r renderer
		for _, s := range append(allScreens(), pairings()...) {
			if n := testing.AllocsPerRun(20, func() { r.render(s, g) }); n > mostAllocations {
				t.Errorf("%#v in %s: %v allocations", s, language, n)
			}
		}
	}
}
