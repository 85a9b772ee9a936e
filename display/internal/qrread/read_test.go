package qrread

import (
	"errors"
	"image"
	"image/color"
	"strings"
	"testing"

	goqr "github.com/piglig/go-qr"
)

// draw makes a picture with an encoder of another origin than the reader.
func draw(t *testing.T, version, level, mask, pixels, quiet int, text string) *image.Gray {
	t.Helper()
	segments, err := goqr.MakeSegmentsOptimally(text, goqr.Ecc(level), version, version)
	if err != nil {
		t.Fatal(err)
	}
	code, err := goqr.EncodeSegments(segments, goqr.Ecc(level), version, version, mask, false)
	if err != nil {
		t.Fatal(err)
	}
	n := code.Size()*pixels + 2*quiet
	m := image.NewGray(image.Rect(0, 0, n+5, n+3))
	for y := range n {
		for x := range n {
			if x < quiet || y < quiet || !code.Module((x-quiet)/pixels, (y-quiet)/pixels) {
				m.SetGray(x, y, color.Gray{Y: 255})
			}
		}
	}
	return m
}

func TestReadAllVersions(t *testing.T) {
	for version := 1; version <= 40; version++ {
		for _, level := range []int{version % 4, (version + 1) % 4} {
			mask := (version + level) % 8
			text := "A-" + strings.Repeat("12", version) + "x"
			m := draw(t, version, level, mask, 2, 3, text)
			c, err := Read(m)
			if err != nil {
				t.Fatalf("version %d level %d: %v", version, level, err)
			}
			if c.Text != text || c.Version != version || c.Level != string("LMQH"[level]) || c.Mask != mask || c.Pixels != 2 || c.Quiet != 3 {
				t.Errorf("version %d level %d mask %d reads %+v", version, level, mask, c)
			}
		}
	}
}

// TestReadForgivesNothing turns each single pixel over: no reading may succeed.
func TestReadForgivesNothing(t *testing.T) {
	m := draw(t, 1, 0, 3, 1, 2, "https://a.b")
	alignmentFree := image.Rect(2, 2, 23, 23)
	for y := alignmentFree.Min.Y; y < alignmentFree.Max.Y; y++ {
		for x := alignmentFree.Min.X; x < alignmentFree.Max.X; x++ {
			before := m.GrayAt(x, y)
			m.SetGray(x, y, color.Gray{Y: 255 - before.Y})
			if c, err := Read(m); err == nil {
				t.Errorf("module %d,%d turned over and yet read as %q", x-2, y-2, c.Text)
			}
			m.SetGray(x, y, before)
		}
	}
}

func TestReadNothing(t *testing.T) {
	if _, err := Read(image.NewGray(image.Rect(0, 0, 128, 64))); !errors.Is(err, ErrNone) {
		t.Errorf("an empty picture gives %v", err)
	}
}

func TestReadTwoColouredModule(t *testing.T) {
	m := draw(t, 2, 1, 0, 3, 3, "x")
	m.SetGray(3+3*12, 3+3*12, color.Gray{Y: 255 - m.GrayAt(3+3*12, 3+3*12).Y})
	if _, err := Read(m); err == nil || !strings.Contains(err.Error(), "two colours") {
		t.Errorf("a blot inside a module gives %v", err)
	}
}
