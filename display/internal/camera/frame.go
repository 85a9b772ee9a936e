package camera

import (
	"image"
	"math"
	"math/rand/v2"
)

// frame is what falls on the sensor.
type frame struct {
	w, h int
	v    []float64
}

// bloom adds the glow around bright places.
func (f *frame) bloom(scale float64) {
	glow := frame{f.w, f.h, append([]float64(nil), f.v...)}
	glow.blur(1.2 * scale)
	for i := range f.v {
		f.v[i] += 0.12 * glow.v[i]
	}
}

// blur is a Gaussian one; beyond the edges everything goes on as at them.
func (f *frame) blur(sigma float64) {
	n := int(math.Ceil(3 * sigma))
	kernel, sum := make([]float64, 2*n+1), 0.0
	for i := range kernel {
		d := float64(i - n)
		kernel[i] = math.Exp(-d * d / (2 * sigma * sigma))
		sum += kernel[i]
	}
	across := make([]float64, len(f.v))
	for y := range f.h {
		for x := range f.w {
			for i, k := range kernel {
				across[y*f.w+x] += k / sum * f.v[y*f.w+max(0, min(f.w-1, x+i-n))]
			}
		}
	}
	for y := range f.h {
		for x := range f.w {
			v := 0.0
			for i, k := range kernel {
				v += k / sum * across[max(0, min(f.h-1, y+i-n))*f.w+x]
			}
			f.v[y*f.w+x] = v
		}
	}
}

// develop adds noise and rounds to grey levels.
func (f *frame) develop(noise float64, r *rand.Rand) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, f.w, f.h))
	for i, v := range f.v {
		m.Pix[i] = uint8(max(0, min(255, v+noise*r.NormFloat64())))
	}
	return m
}
