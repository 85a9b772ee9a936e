// Package camera simulates a phone that photographs a panel, for tests: gaps between the pixels, bloom,
// the bezel, rotation, perspective, blur and noise.
package camera

import (
	"image"
	"math"
	"math/rand/v2"
)

// Shot is how a picture is taken.
type Shot struct {
	Scale float64 // camera pixels per panel pixel
	Blur  float64 // standard deviation in camera pixels
	Noise float64 // standard deviation in grey levels of 255
	OLED  bool    // light pixels with dark gaps that bloom; else paper
	Seed  uint64  // of the angle, the perspective and the noise
}

// Surround of the panel in panel pixels, and the widest angles.
const (
	surround    = 14
	bezel       = 6
	rotation    = 7 * math.Pi / 180
	perspective = 0.12
	samples     = 3 // along each side of a camera pixel
)

// Take photographs a picture of which white is light.
func Take(panel image.Image, s Shot) *image.Gray {
	r := rand.New(rand.NewPCG(s.Seed, 8628))
	scene := newScene(panel, s.OLED)
	b := panel.Bounds()
	w := int((float64(b.Dx()) + 2*surround) * s.Scale * 1.12)
	h := int((float64(b.Dy()) + 2*surround) * s.Scale * 1.12)
	view := newView(b, r)
	f := frame{w: w, h: h, v: make([]float64, w*h)}
	for y := range h {
		for x := range w {
			sum := 0.0
			for i := range samples * samples {
				cx := float64(x) + (float64(i%samples)+0.5)/samples - float64(w)/2
				cy := float64(y) + (float64(i/samples)+0.5)/samples - float64(h)/2
				sum += scene.at(view.panel(cx/s.Scale, cy/s.Scale))
			}
			f.v[y*w+x] = sum / (samples * samples)
		}
	}
	if s.OLED {
		f.bloom(s.Scale)
	}
	f.blur(s.Blur)
	return f.develop(s.Noise, r)
}

// scene is the panel with what is around it, in grey levels.
type scene struct {
	w, h                   int
	light                  []bool
	on, off, glass, beyond float64
	gap                    float64 // dark on each side of a pixel, in pixels
}

func newScene(m image.Image, oled bool) scene {
	b := m.Bounds()
	s := scene{w: b.Dx(), h: b.Dy(), light: make([]bool, b.Dx()*b.Dy()), on: 190, off: 45, glass: 180, beyond: 190}
	if oled {
		s.on, s.off, s.glass, s.beyond, s.gap = 225, 18, 18, 70, 0.07
	}
	for y := range s.h {
		for x := range s.w {
			_, g, _, _ := m.At(b.Min.X+x, b.Min.Y+y).RGBA()
			s.light[y*s.w+x] = g >= 0x8000
		}
	}
	return s
}

// at is the grey level at a place in panel pixels.
func (s scene) at(u, v float64) float64 {
	w, h := float64(s.w), float64(s.h)
	switch {
	case u < -bezel || v < -bezel || u >= w+bezel || v >= h+bezel:
		return s.beyond
	case u < 0 || v < 0 || u >= w || v >= h:
		return s.glass
	}
	x, y := math.Floor(u), math.Floor(v)
	if !s.light[int(y)*s.w+int(x)] {
		return s.off
	}
	if u-x < s.gap || u-x > 1-s.gap || v-y < s.gap || v-y > 1-s.gap {
		return s.off
	}
	return s.on
}

// view is where the camera stands.
type view struct {
	w, h, cos, sin, px, py, ox, oy float64
}

func newView(b image.Rectangle, r *rand.Rand) view {
	either := func(most float64) float64 { return (2*r.Float64() - 1) * most }
	sin, cos := math.Sincos(either(rotation))
	return view{w: float64(b.Dx()), h: float64(b.Dy()), cos: cos, sin: sin,
		px: either(perspective), py: either(perspective), ox: r.Float64(), oy: r.Float64()}
}

// panel maps a place in the picture, from its middle and in panel pixels, to one on the panel.
func (v view) panel(x, y float64) (float64, float64) {
	x, y = x+v.ox, y+v.oy
	far := 1 + v.px*x/v.w + v.py*y/v.w
	x, y = x/far, y/far
	return v.cos*x + v.sin*y + v.w/2, -v.sin*x + v.cos*y + v.h/2
}

// Enlarge makes squares of size by size pixels of each pixel.
func Enlarge(m image.Image, size int) *image.Gray {
	b := m.Bounds()
	out := image.NewGray(image.Rect(0, 0, b.Dx()*size, b.Dy()*size))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			out.Set(x, y, m.At(b.Min.X+x/size, b.Min.Y+y/size))
		}
	}
	return out
}
