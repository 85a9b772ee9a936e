package main

import (
	"fmt"
	"image"
	"image/color"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"github.com/paird/paird/display"
)

var palette = color.Palette{color.Gray{Y: 0}, color.Gray{Y: 255}, color.RGBA{R: 255, A: 255}, color.RGBA{R: 96, G: 112, B: 160, A: 255}}

// background is the index of what is between the frames.
const background = 3

// frames are all pages of the samples on the panel.
func frames(all []sample, g display.Geometry) (names []string, pictures []*image.Paletted) {
	for _, s := range all {
		pages := display.Pages(s.screen, g)
		for page := range pages {
			g.Page = page
			name := s.name
			if pages > 1 {
				name = fmt.Sprintf("%s %d/%d", name, page+1, pages)
			}
			names = append(names, name)
			pictures = append(pictures, display.Render(s.screen, g).(*image.Paletted))
		}
	}
	return names, pictures
}

// sheet sets all pages of the samples side by side in so many columns, at the scale, with names if asked.
func sheet(all []sample, g display.Geometry, columns, scale int, named bool) *image.Paletted {
	names, pictures := frames(all, g)
	gap, label := 4*scale, 0
	if named {
		label = 14
	}
	w, h := g.Width*scale+gap, g.Height*scale+gap+label
	rows := (len(pictures) + columns - 1) / columns
	m := image.NewPaletted(image.Rect(0, 0, columns*w+gap, rows*h+gap), palette)
	for i := range m.Pix {
		m.Pix[i] = background
	}
	for i, p := range pictures {
		at := image.Pt(gap+i%columns*w, gap+i/columns*h)
		if named {
			d := font.Drawer{Dst: m, Src: image.White, Face: basicfont.Face7x13, Dot: fixed.P(at.X, at.Y+10)}
			d.DrawString(names[i])
		}
		enlarge(m, p, at.Add(image.Pt(0, label)), scale)
	}
	return m
}

func enlarge(dst, p *image.Paletted, at image.Point, scale int) {
	for y := range p.Rect.Dy() * scale {
		row := dst.Pix[(at.Y+y)*dst.Stride+at.X:]
		for x := range p.Rect.Dx() * scale {
			row[x] = p.Pix[y/scale*p.Stride+x/scale]
		}
	}
}
