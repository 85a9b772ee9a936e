package camera

import (
	"image"
	"image/color"
	"testing"
)

// TestTake: a light panel on its dark glass comes out light in the middle, darker around, at the scale.
func TestTake(t *testing.T) {
	panel := image.NewGray(image.Rect(0, 0, 64, 32))
	for i := range panel.Pix {
		panel.Pix[i] = 255
	}
	m := Take(panel, Shot{Scale: 2, Blur: 0.7, Noise: 2, OLED: true, Seed: 1})
	if b := m.Bounds(); b.Dx() < 64*2 || b.Dx() > 64*4 {
		t.Errorf("the shot is %v", b)
	}
	middle, corner := m.GrayAt(m.Rect.Dx()/2, m.Rect.Dy()/2), m.GrayAt(2, 2)
	if middle.Y < 150 || corner.Y > 120 {
		t.Errorf("middle %v, corner %v", middle, corner)
	}
	again := Take(panel, Shot{Scale: 2, Blur: 0.7, Noise: 2, OLED: true, Seed: 1})
	other := Take(panel, Shot{Scale: 2, Blur: 0.7, Noise: 2, OLED: true, Seed: 2})
	if string(again.Pix) != string(m.Pix) || string(other.Pix) == string(m.Pix) {
		t.Error("a shot is not a function of its seed")
	}
}

// TestBlurKeepsLight: blur spreads light but loses none, away from the edges.
func TestBlurKeepsLight(t *testing.T) {
	f := frame{w: 21, h: 21, v: make([]float64, 21*21)}
	f.v[10*21+10] = 100
	f.blur(1.5)
	sum := 0.0
	for _, v := range f.v {
		sum += v
	}
	if sum < 99.9 || sum > 100.1 || f.v[10*21+10] > 20 {
		t.Errorf("%v of 100 is left, %v in the middle", sum, f.v[10*21+10])
	}
}

func TestEnlarge(t *testing.T) {
	m := image.NewGray(image.Rect(5, 5, 7, 6))
	m.SetGray(6, 5, color.Gray{Y: 255})
	big := Enlarge(m, 3)
	if big.Rect != image.Rect(0, 0, 6, 3) || big.GrayAt(2, 2).Y != 0 || big.GrayAt(3, 0).Y != 255 {
		t.Errorf("%v %v", big.Rect, big.Pix)
	}
}
