package fleet

import (
	"fmt"
	"html"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// Size of the drawing of a series, in pixels or SVG units, and of the space around it.
const (
	width, height = 900, 160
	gap           = 40
)

// canvas is what a report is drawn on.
type canvas interface {
	text(at point, c ink, s string)
	line(c ink, points ...point)
}

type point struct{ x, y float64 } // from the top left

// ink is a colour.
type ink color.RGBA

func black() ink { return ink{A: 0xff} }
func grey() ink  { return ink{0x88, 0x88, 0x88, 0xff} }
func blue() ink  { return ink{0x03, 0x66, 0xd6, 0xff} }

// SVG draws each series over the time of the run, with a line where a scenario begins.
func (r *Report) SVG(w io.Writer) {
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="monospace" font-size="12">`+"\n", width+2*gap, r.height())
	fmt.Fprintf(w, `<rect width="100%%" height="100%%" fill="white"/>`+"\n")
	r.draw(vector{w})
	fmt.Fprintln(w, "</svg>")
}

// PNG draws the same in pixels.
func (r *Report) PNG(w io.Writer) error {
	p := pixels{image.NewRGBA(image.Rect(0, 0, width+2*gap, r.height()))}
	draw.Draw(p, p.Bounds(), image.White, image.Point{}, draw.Src)
	r.draw(p)
	return png.Encode(w, p)
}

func (r *Report) height() int { return len(r.Series)*(height+gap) + gap }

func (r *Report) draw(on canvas) {
	for i, s := range r.Series {
		r.drawSeries(on, s, float64(gap+i*(height+gap)))
	}
}

func (r *Report) drawSeries(on canvas, s Series, top float64) {
	most := 1
	for _, n := range s.Seconds {
		most = max(most, n)
	}
	x := func(second float64) float64 { return gap + second*width/float64(max(1, len(s.Seconds)-1)) }
	for _, o := range r.Outcomes {
		at := x(o.Began.Seconds())
		on.line(grey(), point{at, top}, point{at, top + height})
		on.text(point{at + 2, top + height + 12}, grey(), o.Name)
	}
	var curve []point
	for i, n := range s.Seconds {
		curve = append(curve, point{x(float64(i)), top + height*(1-float64(n)/float64(most))})
	}
	on.line(blue(), curve...)
	on.text(point{gap, top - 6}, black(), fmt.Sprintf("%s a second, at most %d; %d s", s.Kind, most, len(s.Seconds)))
}

// vector is SVG.
type vector struct{ io.Writer }

func (c ink) String() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

func (v vector) text(at point, c ink, s string) {
	fmt.Fprintf(v, `<text x="%.1f" y="%.1f" fill="%v">%s</text>`+"\n", at.x, at.y, c, html.EscapeString(s))
}

func (v vector) line(c ink, points ...point) {
	var all []string
	for _, p := range points {
		all = append(all, fmt.Sprintf("%.1f,%.1f", p.x, p.y))
	}
	fmt.Fprintf(v, `<polyline fill="none" stroke="%v" points="%s"/>`+"\n", c, strings.Join(all, " "))
}

// pixels is a picture.
type pixels struct{ *image.RGBA }

func (p pixels) text(at point, c ink, s string) {
	d := font.Drawer{Dst: p, Src: image.NewUniform(color.RGBA(c)), Face: basicfont.Face7x13, Dot: fixed.P(int(at.x), int(at.y))}
	d.DrawString(s)
}

func (p pixels) line(c ink, points ...point) {
	for i := 1; i < len(points); i++ {
		from, to := points[i-1], points[i]
		steps := max(1, math.Ceil(math.Max(math.Abs(to.x-from.x), math.Abs(to.y-from.y))))
		for n := 0.0; n <= steps; n++ {
			p.SetRGBA(int(math.Round(from.x+(to.x-from.x)*n/steps)), int(math.Round(from.y+(to.y-from.y)*n/steps)), color.RGBA(c))
		}
	}
}
