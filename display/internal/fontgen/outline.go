package main

import (
	"fmt"
	"image"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// capitals rasterises an outline font so that its capitals are of the height, proportional.
func capitals(ttf []byte, height int, set string) func() (face, error) {
	return func() (face, error) {
		size, f, err := scaled(ttf, float64(height), func(f font.Face) fixed.Int26_6 { return f.Metrics().CapHeight })
		if err != nil {
			return face{}, err
		}
		out := face{capital: height, space: int(math.Round(size * 0.27)), gap: height + int(math.Ceil(float64(height)*0.45))}
		for _, r := range set {
			g, err := rasterise(f, r)
			if err != nil {
				return face{}, err
			}
			side := max(1, height/9) // the white on either side, at the least half of it
			g.advance = max(g.advance, g.x+g.w+side/2+side%2)
			out.glyphs = append(out.glyphs, g)
		}
		return out, nil
	}
}

// monospaced rasterises an outline font so that its capitals are of the height. Its cell is at least a
// pixel wider than the widest glyph, so that no two of them touch.
func monospaced(ttf []byte, height int, set string) func() (face, error) {
	return func() (face, error) {
		_, f, err := scaled(ttf, float64(height), func(f font.Face) fixed.Int26_6 { return f.Metrics().CapHeight })
		if err != nil {
			return face{}, err
		}
		cell, _ := f.GlyphAdvance('0')
		out := face{capital: height, space: cell.Round(), gap: height + 2 + height/5}
		for _, r := range set {
			g, err := rasterise(f, r)
			if err != nil {
				return face{}, err
			}
			out.space = max(out.space, g.w+1)
			out.glyphs = append(out.glyphs, g)
		}
		for i := range out.glyphs {
			g := &out.glyphs[i]
			g.advance, g.x = out.space, (out.space-g.w)/2
		}
		return out, nil
	}
}

// scaled opens a font at the size at which what is measured becomes so many pixels.
func scaled(ttf []byte, pixels float64, measure func(font.Face) fixed.Int26_6) (size float64, f font.Face, err error) {
	parsed, err := opentype.Parse(ttf)
	if err != nil {
		return 0, nil, err
	}
	unit, err := open(parsed, 1000)
	if err != nil {
		return 0, nil, err
	}
	size = 1000 * pixels / (float64(measure(unit)) / 64)
	f, err = open(parsed, size)
	return size, f, err
}

// bitmap takes a face that is rasterised already, a pixel wider, so that no two glyphs touch.
func bitmap(f *basicfont.Face, capital int, set string) func() (face, error) {
	return func() (face, error) {
		out := face{capital: capital, space: f.Advance + 1, gap: f.Height}
		for _, r := range set {
			box, mask, at, _, ok := f.Glyph(fixed.P(0, 0), r)
			if !ok {
				return face{}, fmt.Errorf("the face has no %q", r)
			}
			g, _ := threshold(mask, at, box)
			g.r, g.advance = r, f.Advance+1
			out.glyphs = append(out.glyphs, crop(g))
		}
		return out, nil
	}
}

func open(f *opentype.Font, size float64) (font.Face, error) {
	return opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
}

// rasterise draws the character in one bit a pixel, at that of eight positions between two pixels where
// its edges are the sharpest.
func rasterise(f font.Face, r rune) (glyph, error) {
	advance, ok := f.GlyphAdvance(r)
	if !ok {
		return glyph{}, fmt.Errorf("the font has no %q", r)
	}
	best, sharpest := glyph{}, -1.0
	for shift := fixed.Int26_6(-16); shift <= 16; shift += 4 {
		box, mask, at, _, ok := f.Glyph(fixed.Point26_6{X: 64*8 + shift}, r)
		if !ok {
			return glyph{}, fmt.Errorf("the font cannot draw %q", r)
		}
		if g, s := threshold(mask, at, box); s > sharpest {
			best, sharpest = g, s
		}
	}
	best.r, best.advance, best.x = r, advance.Round(), best.x-8
	return crop(best), nil
}

// threshold makes ink of what is covered by half; the sharpness is the mean distance from half.
func threshold(mask image.Image, at image.Point, box image.Rectangle) (glyph, float64) {
	g := glyph{x: box.Min.X, y: box.Min.Y, w: box.Dx(), h: box.Dy()}
	sharp, touched := 0.0, 0.0
	for y := range g.h {
		for x := range g.w {
			_, _, _, a := mask.At(at.X+x, at.Y+y).RGBA()
			cover := float64(a) / 0xFFFF
			g.ink = append(g.ink, cover >= 0.48)
			if cover > 0 {
				sharp += math.Abs(cover - 0.5)
				touched++
			}
		}
	}
	return g, sharp / max(touched, 1)
}
