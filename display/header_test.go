package display

import (
	"bytes"
	"image"
	"testing"
	"time"
)

// TestHeaderIsOnAllScreensOrNone: on a panel of a size every screen of text begins with the same header, or
// there is none and the name is where it identifies the device.
func TestHeaderIsOnAllScreensOrNone(t *testing.T) {
	for _, g := range sold() {
		g.Accent = false // no frame
		head, _ := g.header(inner(g))
		if (min(g.Width, g.Height) >= headed) == head.Empty() {
			t.Errorf("%s: the header is %v", g.name(), head)
		}
		var first []uint8
		for _, s := range allScreens() {
			if _, card := s.(TestCard); card {
				continue
			}
			m := Render(s, g).(*image.Paletted)
			top := m.Pix[:head.Max.Y*m.Stride]
			if first == nil {
				first = top
			}
			if !bytes.Equal(first, top) {
				t.Errorf("%s: %#v has another header", g.name(), s)
			}
		}
		other := g
		other.Name = "Another name"
		if s := (Identify{ID: "x"}); bytes.Equal(Render(s, g).(*image.Paletted).Pix, Render(s, other).(*image.Paletted).Pix) {
			t.Errorf("%s: the name does not show", g.name())
		}
	}
}

// TestLongNamesEndWithAnEllipsis: a name of any length keeps to the header, and moves nothing but itself.
func TestLongNamesEndWithAnEllipsis(t *testing.T) {
	for _, g := range sold() {
		long := g
		long.Name = "The printer in the kitchen of the old house at the far end of the long road"
		head, _ := g.header(inner(g))
		if head.Empty() {
			continue
		}
		for _, s := range []Screen{Clock{}, Online{Account: "Alice"}, Wiped{}} {
			a, b := picture(t, s, g), picture(t, s, long)
			if !bytes.Equal(a.Pix[head.Max.Y*a.Stride:], b.Pix[head.Max.Y*b.Stride:]) {
				t.Errorf("%s: a long name changes %#v", g.name(), s)
			}
		}
	}
}

// TestCountdownMovesNothing: while the time of a code runs out, QR code and user code stay where they are.
func TestCountdownMovesNothing(t *testing.T) {
	for _, g := range sold() {
		for _, s := range pairings() {
			s := s.(Pairing)
			var first pairing
			for _, left := range []time.Duration{15 * time.Minute, 9 * time.Minute, time.Minute, 59 * time.Second, time.Second} {
				s.Left = left
				var p pairing
				p.set(&symbols{}, s, g)
				if first.words == nil {
					first = p
				}
				if p.position != first.position || p.stack.code != first.stack.code || len(p.stack.lines) != len(first.stack.lines) {
					t.Errorf("%s: %q is laid out otherwise with %v left", g.name(), s.UserCode, left)
				}
			}
		}
	}
}
