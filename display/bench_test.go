package display_test

import (
	"testing"

	"github.com/paird/paird/display"
	"github.com/paird/paird/display/internal/gallery"
)

// Limits of a rendering for 128x64 pixels.
const mostAllocations = 10

// BenchmarkRender draws each kind of screen for the most common OLED.
func BenchmarkRender(b *testing.B) {
	g := display.Geometry{Width: 128, Height: 64}
	for _, s := range gallery.Samples() {
		b.Run(s.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				display.Render(s.Screen, g)
			}
		})
	}
}

// TestRenderAllocates counts what a rendering leaves to the collector.
func TestRenderAllocates(t *testing.T) {
	for _, language := range display.Languages() {
		g := display.Geometry{Width: 128, Height: 64, Language: language}
		for _, s := range gallery.Samples() {
			if n := testing.AllocsPerRun(20, func() { display.Render(s.Screen, g) }); n > mostAllocations {
				t.Errorf("%s in %s: %v allocations", s.Name, language, n)
			}
		}
	}
}
